import { cancelled } from '../model/errors.ts';
import { type Simd, instantiate } from '../simd/index.ts';
import { collectRecent } from './garbage.ts';
import type { Areas, Shared } from './task.ts';

/** Bytes that may be decoded and encoded before the garbage of that is collected. */
const GARBAGE = 8 << 20;

/** Context of one worker thread: its areas of the shared memory, and the loops that run in it. */
export class ThreadContext {
  readonly areas: Areas;
  readonly shared: Shared;
  readonly simd: Simd;
  /** The shared memory. */
  readonly heap: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
  /** Bytes decoded and encoded since the last collection. */
  #garbage = 0;

  constructor(areas: Areas, shared: Shared) {
    this.areas = areas;
    this.shared = shared;
    this.simd = instantiate(shared.memory);
    this.heap = new Uint8Array(shared.memory.buffer);
    this.view = new DataView(shared.memory.buffer);
  }

  get memory(): WebAssembly.Memory {
    return this.shared.memory;
  }

  /** @throws ConvertError `cancelled` where the work is to end */
  checkStop(): void {
    if (Atomics.load(this.shared.stop, 0)) throw cancelled();
  }

  /** So many bytes more of voxels are done. */
  progress(bytes: number): void {
    Atomics.add(this.shared.done, 0, BigInt(bytes));
  }

  /** So many bytes were decoded or encoded by what leaves memory behind. */
  threwAway(bytes: number): void {
    this.#garbage += bytes;
    if (this.#garbage < GARBAGE) return;
    this.#garbage = 0;
    collectRecent();
  }
}
