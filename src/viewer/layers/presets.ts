import type { Look } from './imageLayer.ts';

/** Looks that a person has named, of one volume, in this browser. */
export class Presets {
  readonly #key: string;

  constructor(volume: string) {
    this.#key = `microct-io-vis:presets:${volume}`;
  }

  get names(): string[] {
    return Object.keys(this.#all).sort();
  }

  get(name: string): Look | undefined {
    const all = this.#all;
    return Object.hasOwn(all, name) ? all[name] : undefined;
  }

  /** @throws Error where the browser keeps nothing */
  set(name: string, look: Look): void {
    this.#store({ ...this.#all, [name]: look });
  }

  remove(name: string): void {
    const { [name]: _, ...others } = this.#all;
    this.#store(others);
  }

  get #all(): Record<string, Look> {
    try {
      return JSON.parse(localStorage.getItem(this.#key) ?? '{}') as Record<string, Look>;
    } catch {
      return {};
    }
  }

  #store(all: Record<string, Look>): void {
    try {
      localStorage.setItem(this.#key, JSON.stringify(all));
    } catch (error) {
      throw new Error(`This browser does not keep presets (${(error as Error).message}).`);
    }
  }
}
