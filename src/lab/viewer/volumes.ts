import type { LookOptions, Source } from '../../protocol/index.ts';
import { baseName, namesOf } from './source.ts';
import { type Way, asLabelsOf, keyOf } from './way.ts';

/** A volume of a tab. While something is awaited others come, and are moved: it is known by itself, not by a number. */
export interface Volume {
  /** Where it is: of slices that are one volume all paths. */
  source: Source;
  /** Where it is to the picture, which follows a while after it is moved. */
  pictured: Source;
  /** Whether it is shown as segments, whatever its metadata says. */
  readonly asLabels: boolean;
  /** Whether it is shown as it lies there. */
  isSampled: boolean;
}

export const volumeOf = (source: Source, asLabels: boolean, isSampled = false): Volume => ({
  source,
  pictured: source,
  asLabels,
  isSampled
});

/** The volumes of a tab, in the order of its picture. */
export class Volumes {
  /** How sources are read that are no OME-Zarrs. */
  reading: LookOptions | undefined;
  #all: Volume[];
  /** Those that the picture is about to take up: they may be moved before it has. */
  readonly #coming = new Set<Volume>();

  constructor(paths: readonly string[], way: Way) {
    const sources: Source[] = way.isStack ? [[...paths]] : [...paths];
    const asLabels = asLabelsOf(paths, way);
    this.#all = sources.map((source, n) => volumeOf(source, asLabels[n]));
    this.reading = way.reading;
  }

  get all(): readonly Volume[] {
    return this.#all;
  }

  get paths(): readonly string[] {
    return this.#all.flatMap(({ source }) => source);
  }

  get isStack(): boolean {
    return typeof this.#all[0].source !== 'string';
  }

  get isSampled(): boolean {
    return this.#all.some(({ isSampled }) => isSampled);
  }

  get way(): Way {
    const each = this.#all.map(({ asLabels }) => asLabels);
    const asLabels = each.every(Boolean) || (each.some(Boolean) && each);
    return { ...(this.reading && { reading: this.reading }), asLabels, isStack: this.isStack };
  }

  get key(): string {
    return keyOf(this.paths, this.way);
  }

  /** Name of all of them together. */
  get name(): string {
    const [first, ...others] = this.paths;
    const rest = others.length > 0 ? ` and ${others.length} other${others.length > 1 ? 's' : ''}` : '';
    return baseName(first) + rest;
  }

  /** Their names in the picture, which opens with the same again. */
  get names(): string[] {
    return this.isStack ? [this.name] : namesOf(this.paths);
  }

  /** Volumes that have been moved, or are called otherwise than in the picture, with their numbers. */
  moved(pictured: readonly string[]): { number: number; volume: Volume; source: Source; name: string }[] {
    const { names } = this;
    return this.#all
      .map((volume, number) => ({ number, volume, source: volume.source, name: names[number] }))
      .filter(({ number, volume, source, name }) => source !== volume.pictured || name !== pictured[number]);
  }

  /** The volume that is a source as it lies there. */
  sampledFrom(source: Source): Volume | undefined {
    return this.#all.find(each => each.isSampled && JSON.stringify(each.source) === JSON.stringify(source));
  }

  /** Takes paths to be others, also those of volumes that are coming; answers whether any has changed. */
  move(to: (path: string) => string): boolean {
    const known = [...this.#all, ...this.#coming];
    const moved = known.filter(volume => {
      const { source } = volume;
      const next = typeof source === 'string' ? to(source) : source.map(to);
      if (JSON.stringify(next) === JSON.stringify(source)) return false;
      volume.source = next;
      return true;
    });
    return moved.length > 0;
  }

  /** Has the picture take up a volume: over the others, or in the place of one of them. */
  async take(volume: Volume, show: () => Promise<void>, place?: Volume): Promise<void> {
    this.#coming.add(volume);
    try {
      await show();
      this.#all = place ? this.#all.map(each => (each === place ? volume : each)) : [...this.#all, volume];
    } finally {
      this.#coming.delete(volume);
    }
  }
}
