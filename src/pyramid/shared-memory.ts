import { MEMORY_START, createMemory } from '../simd/index.ts';
import { ConvertError } from '../model/errors.ts';
import { formatBytes } from '../model/bytes.ts';
import { aligned } from '../zarr/chunk-writer.ts';
import type { ExecutionPlan } from './execution-plan.ts';
import type { Areas, Shared } from './task.ts';

/**
 * Addresses in the shared memory: what workers have together, each worker's own areas, then the slots of each level.
 */
export function layOut({ workers, areas, encodedBuffers, totals, digests, slots, slotBytes }: ExecutionPlan): {
  total: number;
  digests: number;
  areas: Areas[];
  slots: number[][];
} {
  let next = aligned(MEMORY_START);
  const take = (bytes: number) => {
    const address = next;
    next += bytes;
    return address;
  };
  return {
    total: take(totals),
    digests: take(aligned(digests?.bytes ?? 0)),
    areas: Array.from({ length: workers }, () => ({
      chunk: take(areas.chunk),
      encoded: Array.from({ length: encodedBuffers }, () => take(areas.encoded)),
      scratch: take(areas.scratch),
      staging: take(areas.staging),
      histogram: take(areas.histogram)
    })),
    slots: slots.map((count, k) => Array.from({ length: count }, () => take(slotBytes[k])))
  };
}

/** The memory that all threads share, and what else they see of each other. @throws ConvertError `memory-too-small` */
export function share({ memoryBytes }: ExecutionPlan, points: number): Shared {
  try {
    return {
      memory: createMemory(memoryBytes),
      sample: new Float64Array(new SharedArrayBuffer(8 * points)),
      done: new BigInt64Array(new SharedArrayBuffer(8)),
      stop: new Int32Array(new SharedArrayBuffer(4))
    };
  } catch (error) {
    throw new ConvertError(
      'memory-too-small',
      `the system does not give ${formatBytes(memoryBytes)} of memory (${(error as Error).message}): choose a smaller memory budget`,
      'maxMemory'
    );
  }
}
