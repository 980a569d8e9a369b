import type { Dtype } from './volume.ts';

/** The typed arrays of voxels. */
export const VOXEL_ARRAYS = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array
} satisfies Record<Dtype, unknown>;
