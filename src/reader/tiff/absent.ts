import type { Layout } from '../../model/layout.ts';
import { BYTES_PER_VOXEL } from '../../model/volume.ts';
import { type PixelFormat, storedType } from './pixel-format.ts';

/** Strips and tiles that a file does not have, as GDAL leaves out (SPARSE_OK) those without a value. */
export interface Absent {
  count: number;
  /** Number of all strips or tiles of its pages. */
  of: number;
  /** Value of such pixels by the file's GDAL_NODATA; empty where it has none. */
  nodata: string;
}

/** The stored number that absent pixels stand for: the file's, or 0 where it gives none, or none of the type. */
export function fillOf({ nodata }: Absent, { kind, bits }: PixelFormat): number | bigint {
  const text = nodata.trim();
  if (kind === 'float') {
    const value = /^[+-]?nan$/i.test(text) ? NaN : Number(text.replace(/inf(inity)?$/i, 'Infinity') || 0);
    return Number.isNaN(value) && !/nan/i.test(text) ? 0 : value;
  }
  const whole = /^([+-]?\d+)(\.0*)?$/.exec(text);
  const value = whole ? BigInt(whole[1]) : /^[+-]?\d[\d.]*e\+?\d+$/i.test(text) ? toBigInt(Number(text)) : 0n;
  const kept = kind === 'uint' ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value);
  const fill = kept === value ? value : 0n;
  return bits > 32 ? fill : Number(fill);
}

const toBigInt = (value: number): bigint => (Number.isInteger(value) ? BigInt(value) : 0n);

/** Warning about voxels that are not in the file, with the value that they are read as. */
export function absentWarning(absent: Absent, format: PixelFormat, pieces: string): string {
  const { count, of, nodata } = absent;
  const fill = fillOf(absent, format);
  const told =
    nodata.trim() !== '' && (String(fill) === nodata.trim() || Number(fill) === Number(nodata) || fill !== 0);
  const why =
    nodata.trim() === ''
      ? ''
      : told
        ? ', as its GDAL_NODATA says'
        : `, because its GDAL_NODATA "${nodata.trim()}" is no ${storedType(format)}`;
  return `${count} of its ${of} ${pieces} are not in the file, as GDAL leaves out those without a value: their pixels are read as ${fill}${why}.`;
}

/** The voxel that absent pixels become, native. */
export function fillVoxel({ fill, dtype, packing, signedOffset }: Layout, sample: number): Uint8Array {
  const { palettes, inverted, bits } = packing;
  let value = fill;
  if (palettes) value = palettes[sample][Number(fill)];
  else if (inverted && sample === 0)
    value = typeof fill === 'bigint' ? 2n ** BigInt(bits) - 1n - fill : 2 ** bits - 1 - fill;
  else if (signedOffset) value = Number(fill) - 32768;
  const view = new DataView(new ArrayBuffer(BYTES_PER_VOXEL[dtype]));
  switch (dtype) {
    case 'float32':
      view.setFloat32(0, Number(value), true);
      break;
    case 'float64':
      view.setFloat64(0, Number(value), true);
      break;
    default: {
      const whole = BigInt(value);
      for (let byte = 0; byte < view.byteLength; byte++)
        view.setUint8(byte, Number((whole >> BigInt(8 * byte)) & 255n));
    }
  }
  return new Uint8Array(view.buffer);
}
