import { readSync } from 'node:fs';
import { product } from '../model/levels.ts';
import type { StreamLayout } from '../model/source-layout.ts';
import { BYTES_PER_VOXEL, type Shape, volumeCount } from '../model/volume.ts';
import type { BoxReader } from './box-reader.ts';
import { fail } from './common/fail.ts';

/** Bytes that are asked for in one go, so that work that is to end does so soon. */
const PIECE = 1 << 20;
/** Milliseconds between checks whether the work is to end. */
const PATIENCE = 100;
/** Value of `taken` when the stream has broken off. */
const BROKEN = -1n;

/**
 * Reads a stream in the order that it comes in: each box begins where the one before has ended, whichever thread took
 * that, and a thread whose box is further on waits for its turn.
 */
export class StreamReader implements BoxReader {
  readonly #layout: StreamLayout;
  readonly #bytes: number;
  readonly #total: bigint;
  readonly #check: () => void;

  /** `check` runs while it waits, and throws to end the work. */
  constructor(layout: StreamLayout, check: () => void) {
    this.#layout = layout;
    this.#bytes = BYTES_PER_VOXEL[layout.dtype];
    this.#total = BigInt(volumeCount(layout.outerShape) * product(layout.shape));
    this.#check = check;
  }

  /** @throws ConvertError `truncated` where the stream has fewer voxels or more; RangeError for a box not in order */
  async read(
    start: Readonly<Shape>,
    shape: Readonly<Shape>,
    target: Uint8Array,
    rowBytes: number,
    planeBytes: number
  ): Promise<void> {
    const [z, y, x] = start;
    const [nz, ny, nx] = shape;
    const [, height, width] = this.#layout.shape;
    if (x !== 0 || nx !== width || (nz > 1 && (y !== 0 || ny !== height)))
      throw new RangeError(`a box of ${nz} × ${ny} × ${nx} voxels at ${z}, ${y}, ${x} is not one piece of the stream`);
    const from = BigInt((z * height + y) * width);
    const end = from + BigInt(nz * ny * nx);
    this.#await(from);
    try {
      const row = nx * this.#bytes;
      // Rows that follow one another are one piece.
      const together = rowBytes === row ? ny : 1;
      for (let plane = 0; plane < nz; plane++)
        for (let n = 0; n < ny; n += together) {
          const at = plane * planeBytes + n * rowBytes;
          const done = BigInt((plane * ny + n) * nx);
          this.#fill(target.subarray(at, at + together * row), from + done);
        }
      if (end === this.#total) this.#expectEnd();
    } catch (error) {
      this.#pass(BROKEN);
      throw error;
    }
    this.#pass(end);
  }

  close(): void {}

  /** Waits until all before voxel `from` is taken. */
  #await(from: bigint): void {
    const { taken } = this.#layout;
    for (let now = Atomics.load(taken, 0); now !== from; now = Atomics.load(taken, 0)) {
      if (now === BROKEN) throw this.#brokenOff();
      if (now > from) throw new RangeError(`voxel ${from} of the stream was taken already, up to ${now}`);
      Atomics.wait(taken, 0, now, PATIENCE);
      this.#check();
    }
  }

  #pass(to: bigint): void {
    Atomics.store(this.#layout.taken, 0, to);
    Atomics.notify(this.#layout.taken, 0);
  }

  #fill(target: Uint8Array, from: bigint): void {
    for (let done = 0; done < target.length;) {
      this.#check();
      const count = this.#take(target.subarray(done, done + PIECE));
      if (count === 0) throw this.#brokenOff(from + BigInt(Math.floor(done / this.#bytes)));
      done += count;
    }
  }

  #expectEnd(): void {
    if (this.#take(new Uint8Array(1)) > 0)
      throw fail('truncated', this.#layout.name, `more than its ${this.#total} voxels came: nothing of it is kept`);
  }

  /** Some bytes of the stream, as many as there are; 0 at its end. */
  #take(target: Uint8Array): number {
    for (;;) {
      try {
        return readSync(this.#layout.descriptor, target, 0, target.length, null);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // Windows says so of a pipe whose other end is closed.
        if (code === 'EOF') return 0;
        if (code !== 'EAGAIN') throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        this.#check();
      }
    }
  }

  #brokenOff(at?: bigint): Error {
    const found = at === undefined ? '' : ` after ${at}`;
    return fail(
      'truncated',
      this.#layout.name,
      `it broke off${found} of its ${this.#total} voxels: nothing of it is kept`
    );
  }
}
