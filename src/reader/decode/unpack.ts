import type { Layout } from '../../model/layout.ts';
import { BYTES_PER_VOXEL } from '../../model/volume.ts';

/**
 * Makes voxels of a row of stored samples whose bytes are in order: sample `sample` of `count` pixels from pixel
 * `first` on. The voxels are those of the last call until the next.
 */
export type Unpack = (row: Uint8Array, first: number, count: number, sample: number) => Uint8Array;

/** The bits of each half float (IEEE 754 binary16) as a float32, by its own bits; NaNs keep theirs. */
const halves = (): Uint32Array =>
  Uint32Array.from({ length: 65536 }, (_, half) => {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 31;
    const fraction = half & 0x3ff;
    if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
    if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
    return sign | new Uint32Array(Float32Array.of(fraction * 2 ** -24).buffer)[0];
  });

/** Unpacks the rows of a layout that is not plain. */
export function unpacker(layout: Layout): Unpack {
  const { packing, dtype } = layout;
  const { bits, palettes, inverted } = packing;
  if (bits === 16 && dtype === 'float32') {
    const table = halves();
    return looker(layout, () => table);
  }
  if (palettes) return looker(layout, sample => palettes[sample]);
  if (bits > 16 && bits < 32) return widener(layout);
  if (bits % 8 === 0) return picker(layout);
  const kept = (BYTES_PER_VOXEL[dtype] === 1 ? new Uint8Array(2 ** bits) : new Uint16Array(2 ** bits)).map(
    signed(layout)
  );
  const turned = kept.toReversed();
  return looker(layout, sample => (inverted && sample === 0 ? turned : kept));
}

/** From a stored number's bits to those of its voxel, which has more. */
function signed({ packing: { bits }, dtype }: Layout): (_: number, stored: number) => number {
  return dtype.startsWith('int') ? (_, stored) => (stored << (32 - bits)) >> (32 - bits) : (_, stored) => stored;
}

/** Looks each number of up to 16 bits up in a table of voxels. */
function looker({ packing }: Layout, tableOf: (sample: number) => Uint8Array | Uint16Array | Uint32Array): Unpack {
  const { bits, samples } = packing;
  let voxels: Uint8Array | Uint16Array | Uint32Array = new Uint8Array(0);
  return (row, first, count, sample) => {
    const table = tableOf(sample);
    if (voxels.length < count || voxels.constructor !== table.constructor)
      voxels = new (table.constructor as Uint32ArrayConstructor)(count);
    const within = samples > 1 ? sample : 0;
    if (bits === 8) {
      for (let i = 0, at = first * samples + within; i < count; i++, at += samples) voxels[i] = table[row[at]];
    } else if (bits === 16) {
      let at = 2 * (first * samples + within);
      for (let i = 0; i < count; i++, at += 2 * samples) voxels[i] = table[row[at] | (row[at + 1] << 8)];
    } else {
      // Three bytes hold any 15 bits; beyond the row's end there is nothing that counts.
      const mask = 2 ** bits - 1;
      let bit = (first * samples + within) * bits;
      for (let i = 0; i < count; i++, bit += samples * bits) {
        const at = Math.floor(bit / 8);
        const three = (row[at] << 16) | (row[at + 1] << 8) | row[at + 2];
        voxels[i] = table[(three >> (24 - bits - (bit % 8))) & mask];
      }
    }
    return new Uint8Array(voxels.buffer, 0, count * voxels.BYTES_PER_ELEMENT);
  };
}

/** Makes numbers of 17 to 31 bits those of 32. */
function widener(layout: Layout): Unpack {
  const { bits, samples, inverted } = layout.packing;
  const voxelOf = signed(layout);
  let voxels = new Uint32Array(0);
  return (row, first, count, sample) => {
    if (voxels.length < count) voxels = new Uint32Array(count);
    const flip = inverted && sample === 0 ? 2 ** bits - 1 : 0;
    let bit = (first * samples + (samples > 1 ? sample : 0)) * bits;
    for (let i = 0; i < count; i++, bit += samples * bits) {
      const [at, over] = [Math.floor(bit / 8), bit % 8];
      // Four bytes hold the first 25 bits, wherever in a byte they begin; the fifth has the rest.
      const four = ((row[at] << 24) | (row[at + 1] << 16) | (row[at + 2] << 8) | row[at + 3]) << over;
      voxels[i] = voxelOf(i, ((four | (row[at + 4] >> (8 - over))) >>> (32 - bits)) ^ flip);
    }
    return new Uint8Array(voxels.buffer, 0, 4 * count);
  };
}

/** Picks one sample of whole bytes out of each pixel. */
function picker({ packing, dtype }: Layout): Unpack {
  const { samples, inverted } = packing;
  const size = BYTES_PER_VOXEL[dtype];
  const step = samples * size;
  let voxels = new Uint8Array(0);
  return (row, first, count, sample) => {
    const length = count * size;
    if (voxels.length < length) voxels = new Uint8Array(length);
    for (let byte = 0; byte < size; byte++) {
      let from = (first * samples + sample) * size + byte;
      for (let to = byte; to < length; to += size, from += step) voxels[to] = row[from];
    }
    if (inverted && sample === 0) for (let i = 0; i < length; i++) voxels[i] ^= 0xff;
    return voxels.subarray(0, length);
  };
}
