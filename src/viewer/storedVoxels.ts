/** Name, in documents that are handed over, of the codec whose voxels are stored as a type that Neuroglancer lacks. */
export const STORED = 'microct-io-vis.stored';

/** Configuration of the codec. */
export interface Stored {
  type: string;
  endian: string;
}

type Read = (view: DataView, at: number, little: boolean) => number;

const TYPES: Record<string, { bytes: number; read: Read }> = {
  float64: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
  float16: { bytes: 2, read: (view, at, little) => half(view.getUint16(at, little)) },
  int64: {
    bytes: 8,
    read: (view, at, little) =>
      view.getInt32(little ? at + 4 : at, little) * 2 ** 32 + view.getUint32(little ? at : at + 4, little)
  }
};

/** Whether the numbers of a type are shown as float32. */
export const isConverted = (type: string): boolean => type in TYPES;

/** The number that 16 bits stand for; browsers have learnt to read it only lately. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
}

/** The voxels of a chunk as they are shown. @throws Error where there are more or fewer than a chunk has */
export function asFloat32(
  encoded: Uint8Array,
  { type, endian }: Stored,
  chunkShape: ArrayLike<number>
): Float32Array<ArrayBuffer> {
  const { bytes, read } = TYPES[type];
  const voxels = Array.from(chunkShape).reduce((a, b) => a * b, 1);
  if (encoded.length !== voxels * bytes)
    throw new Error(`A chunk has ${encoded.length} bytes, where ${voxels * bytes} of ${type} were expected.`);
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  const shown = new Float32Array(voxels);
  const little = endian !== 'big';
  for (let n = 0; n < voxels; n++) shown[n] = read(view, n * bytes, little);
  return shown;
}

/** The number that a fill value of metadata stands for, also where it is given by its bits (`0x7fc00000`). */
export function fillOf(said: unknown, type: string): number {
  if (typeof said !== 'string' || !/^0x/i.test(said)) return Number(said ?? 0);
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(said));
  return type === 'float32' ? view.getFloat32(4) : type === 'float16' ? half(view.getUint16(6)) : view.getFloat64(0);
}
