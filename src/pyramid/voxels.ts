import type { Dtype } from '../model/volume.ts';

/** A function that gives the voxel at an address, of any alignment, as a number. */
export const voxelGetter = (view: DataView, dtype: Dtype): ((address: number) => number) =>
  ({
    uint8: (p: number) => view.getUint8(p),
    int8: (p: number) => view.getInt8(p),
    uint16: (p: number) => view.getUint16(p, true),
    int16: (p: number) => view.getInt16(p, true),
    uint32: (p: number) => view.getUint32(p, true),
    int32: (p: number) => view.getInt32(p, true),
    uint64: (p: number) => Number(view.getBigUint64(p, true)),
    int64: (p: number) => Number(view.getBigInt64(p, true)),
    float32: (p: number) => view.getFloat32(p, true),
    float64: (p: number) => view.getFloat64(p, true)
  })[dtype];
