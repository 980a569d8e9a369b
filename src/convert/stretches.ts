import type { Range } from '../reader/common/brought.ts';

/** Stretches with no more bytes than this between them become one. */
const NEAR = 64 << 10;

const startOf = ({ position }: Range): number => position;
const endOf = ({ position, length }: Range): number => position + length;
const slot = (position: number): number => Math.floor(position / NEAR);

/**
 * Stretches of a file, which grow together. The system keeps files in pieces of up to megabytes, and forgets a piece
 * only when it is asked to forget all of it: what was read of a piece in turn must be named as one stretch in the end.
 */
export class Stretches {
  /** By the slot of `NEAR` bytes that they begin, and end, in. */
  readonly #byStart = new Map<number, Range>();
  readonly #byEnd = new Map<number, Range>();
  readonly #grown = new Set<Range>();

  constructor(first: Range) {
    this.add(first);
  }

  add({ position, length }: Range): void {
    const before = find(this.#byEnd, position, endOf);
    const after = find(this.#byStart, position + length, startOf);
    let [start, end] = [position, position + length];
    for (const near of [before, after]) {
      if (!near) continue;
      start = Math.min(start, near.position);
      end = Math.max(end, endOf(near));
      this.#byStart.delete(slot(near.position));
      this.#byEnd.delete(slot(endOf(near)));
      this.#grown.delete(near);
    }
    const whole = { position: start, length: end - start };
    this.#byStart.set(slot(start), whole);
    this.#byEnd.set(slot(end), whole);
    this.#grown.add(whole);
  }

  /** From the first byte of the first to the last byte of the last. */
  hull(): Range {
    let [start, end] = [Infinity, 0];
    for (const range of this.#byStart.values()) {
      start = Math.min(start, range.position);
      end = Math.max(end, endOf(range));
    }
    return { position: start, length: end - start };
  }

  /** Those that are new, or longer, since they were last taken. */
  takeGrown(): Range[] {
    const grown = [...this.#grown];
    this.#grown.clear();
    return grown;
  }
}

/** A stretch that begins, or ends, near a position. */
function find(stretches: Map<number, Range>, position: number, edge: (range: Range) => number): Range | undefined {
  const at = slot(position);
  return [at, at - 1, at + 1]
    .map(near => stretches.get(near))
    .find(found => found && Math.abs(edge(found) - position) <= NEAR);
}
