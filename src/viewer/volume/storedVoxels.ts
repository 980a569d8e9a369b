/** Name, in documents that are handed over, of the codec whose voxels are not decoded as Neuroglancer would. */
export const STORED = 'microct-io-vis.stored';

/** Configuration of the codec. */
export interface Stored {
  type: string;
  endian?: string;
  /** Which axis of the array each axis is that is stored. */
  order: number[];
}

type Read = (view: DataView, at: number, little: boolean) => number | bigint;

/** How the numbers of each type are read, and the arrays as which they are shown. */
const TYPES = {
  uint8: { Shown: Uint8Array, bytes: 1, read: (view, at) => view.getUint8(at) },
  int8: { Shown: Int8Array, bytes: 1, read: (view, at) => view.getInt8(at) },
  uint16: { Shown: Uint16Array, bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  int16: { Shown: Int16Array, bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  uint32: { Shown: Uint32Array, bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  int32: { Shown: Int32Array, bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  uint64: { Shown: BigUint64Array, bytes: 8, read: (view, at, little) => view.getBigUint64(at, little) },
  float32: { Shown: Float32Array, bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  float64: { Shown: Float32Array, bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
  float16: { Shown: Float32Array, bytes: 2, read: (view, at, little) => half(view.getUint16(at, little)) },
  int64: {
    Shown: Float32Array,
    bytes: 8,
    read: (view, at, little) =>
      view.getInt32(little ? at + 4 : at, little) * 2 ** 32 + view.getUint32(little ? at : at + 4, little)
  }
} satisfies Record<string, { Shown: unknown; bytes: number; read: Read }>;

/** Whether the numbers of a type are shown as float32. */
export const isConverted = (type: string): boolean => ['float64', 'float16', 'int64'].includes(type);

/** The number that 16 bits stand for; browsers have learnt to read it only lately. */
export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
}

/**
 * The voxels of a chunk as they are shown, the last axis the fastest.
 *
 * @throws Error where there are more or fewer than a chunk has
 */
export function asShown(encoded: Uint8Array, { type, endian, order }: Stored, chunkShape: ArrayLike<number>) {
  const { Shown, bytes, read } = TYPES[type as keyof typeof TYPES];
  const shape = Array.from(chunkShape);
  const voxels = shape.reduce((a, b) => a * b, 1);
  if (encoded.length !== voxels * bytes)
    throw new Error(
      `A chunk of ${encoded.length} bytes came cut short or is damaged: ${voxels * bytes} of ${type} were expected.`
    );
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  const shown = new Shown(voxels);
  const little = endian !== 'big';
  // By how many bytes the next voxel along each axis is further on.
  const strides: number[] = [];
  order.reduceRight((stride, axis) => {
    strides[axis] = stride;
    return stride * shape[axis];
  }, bytes);
  const last = shape.length - 1;
  let next = 0;
  const walk = (axis: number, at: number): void => {
    for (let n = 0; n < shape[axis]; n++, at += strides[axis]) {
      if (axis === last) shown[next++] = read(view, at, little);
      else walk(axis + 1, at);
    }
  };
  walk(0, 0);
  return shown;
}
