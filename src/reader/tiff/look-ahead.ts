import type { Brought, Range } from '../common/brought.ts';

/** Pages that are brought together, at first and at most. */
const FEW = 4;
const MANY = 1024;
const MOST_BYTES = 16 << 20;
/** Bytes that are brought of a page where there is no telling: of one that lies behind the last one, and elsewhere. */
const NEAR = 1 << 16;
const FAR = 1 << 12;

/**
 * Brings the directories of a remote file before they are read, with the values of their tags. Where each is, only the
 * one before it says; but mostly they lie at equal distances, and then many are brought together. A guess that was
 * wrong costs a request.
 */
export class LookAhead {
  readonly #file: Brought;
  #last: { at: number; distance: number; values: Range[] } | null = null;
  /** Where parts of a page lie, from its directory on, that lay there for the page before too. */
  #parts: Range[] = [];
  #pages = FEW;

  constructor(file: Brought) {
    this.#file = file;
  }

  /** To be awaited before the directory at `at` is read. */
  async before(at: number): Promise<void> {
    const [directory] = this.#parts;
    if (!this.#last || this.#file.piece(at, directory.length)) return;
    const distance = at - this.#last.at;
    const isNear = distance > 0 && distance < NEAR;
    const wanted: Range[] = [{ position: at, length: Math.max(directory.length, isNear ? NEAR : FAR) }];
    if (distance === this.#last.distance && !isNear) {
      wanted.length = 0;
      const each = this.#parts.reduce((sum, { length }) => sum + length, 0);
      const pages = Math.max(1, Math.min(this.#pages, Math.floor(MOST_BYTES / each)));
      for (let n = 0; n < pages; n++)
        for (const { position, length } of this.#parts) wanted.push({ position: at + n * distance + position, length });
      this.#pages = Math.min(MANY, 2 * this.#pages);
    } else this.#pages = FEW;
    await this.#file.bring(wanted);
  }

  /** To be awaited before its values are read. `length`: of the directory. */
  async after(at: number, length: number, values: Range[]): Promise<void> {
    await this.#file.bring(values);
    const { at: before = NaN, values: others = [] } = this.#last ?? {};
    const distance = at - before;
    const along = values.filter(({ position }, n) => position === (others[n]?.position ?? NaN) + distance);
    this.#parts = [{ position: 0, length }, ...along.map(part => ({ ...part, position: part.position - at }))];
    this.#last = { at, distance, values };
  }
}
