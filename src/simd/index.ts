import { DOWNSAMPLINGS, type Downsampling } from '../model/options.ts';
import { WASM } from './build/wasm.ts';

export { CRC32C_TABLE, LZ4_TABLE, MEMORY_START, SHUFFLE_SCRATCH } from './room.ts';

/** Voxel types that the loops know. */
export type Element = `${'uint' | 'int'}${8 | 16 | 32 | 64}` | `float${32 | 64}`;

/**
 * A box of voxels in the memory, rows along x contiguous: address of its first byte, bytes from plane to plane and from
 * row to row. Any alignment will do; strides may exceed what the box fills; extents are at least 1. Source and target
 * must not overlap.
 */
type From = [source: number, sourcePlane: number, sourceRow: number];
type To = [target: number, targetPlane: number, targetRow: number];
type Extent = [nz: number, ny: number, nx: number];

/** Findings of a scan; `min` is Infinity and `max` -Infinity where no voxel is finite. */
export interface Extremes {
  min: number;
  max: number;
  /** Number of NaN voxels. */
  nan: number;
}

/**
 * Copies nz × ny rows of `rowBytes` from one box to another: gathers a chunk out of a block, or scatters one into it.
 */
export type CopyBox = (...args: [...From, ...To, nz: number, ny: number, rowBytes: number]) => void;

/**
 * Writes one value for each window of (fz, fy, fx) voxels, each factor 1 or 2. The extents (nz, ny, nx) are the
 * source's; the target gets ceil(n / f) along each axis. Windows at an odd edge have the voxels that exist.
 *
 * `mode`: the value that occurs most often, of several the one that comes first in the order z, y, x. `max`: the
 * greatest. Both leave NaNs out, and give NaN where there is nothing else; 0 and -0 are one value. `nearest`: the first
 * voxel, to the bit.
 *
 * `mean`, integers: floor((2 · sum + n) / (2 · n)), that is to nearest and halves up, exactly.
 *
 * `mean`, float32: a window always counts as two planes, two rows and two columns: where a neighbour does not exist,
 * the voxel beside it stands in for it. All additions are of float32, rounded each time: column(x) = (v[z, y] + v[z,
 * y+1]) + (v[z+1, y] + v[z+1, y+1]), mean = (column(x) + column(x+1)) / 8. Where that sum is not finite, the eight are
 * taken again in float64, one after the other in the order z, y, x, leaving NaNs out, and divided by how many were
 * taken, then rounded to float32: none left gives NaN, infinities stay (opposite ones give NaN), and finite voxels
 * never give an infinity.
 *
 * float64: the same with all additions of float64; where the sum is not finite, eighths are added, so that here too
 * finite voxels never give an infinity.
 */
export type Halve = (...args: [...From, ...To, ...Extent, fz: number, fy: number, fx: number]) => void;

/** Least and greatest finite voxel, as float64 (integers of 64 bits to nearest), and the number of NaNs. */
export type Scan = (...args: [...From, ...Extent]) => Extremes;

/**
 * Maps [min, max] to [0, top], top being the greatest value of the target type, and returns the number of NaNs, which
 * become 0. In float64, to which voxels of 64 bits are rounded: t = ((v - min) / (max - min)) * top, clipped to [0,
 * top], then floor(t + 0.5). min < max, both finite. Where max - min exceeds float64 nothing is promised; only float64
 * voxels can get there.
 */
export type Scale = (...args: [...From, ...To, ...Extent, min: number, max: number]) => number;

/**
 * Converts to float32 or float64, to nearest, ties to even: exact for integers of up to 24 or 53 bits. Returns how many
 * finite voxels were too great and became infinite: of float64 to float32 only.
 */
export type Cast = (...args: [...From, ...To, ...Extent]) => number;

/**
 * Converts floats that are whole numbers to int32. Returns the number, in C order, of the first voxel that int32 cannot
 * hold as it is (a fraction, NaN, out of range); -1 where all are right. Voxels after it in the target are not defined.
 */
export type Whole = (...args: [...From, ...To, ...Extent]) => number;

/**
 * Number, in C order, of the first of nz × ny rows of `rowBytes` in which two boxes differ; -1 where they are the same.
 * Strides may be 0: one row then stands for all.
 */
export type FirstDifference = (...args: [...From, ...To, nz: number, ny: number, rowBytes: number]) => number;

/**
 * Counts voxels by bins in the order of their values: those of 8 and 16 bits by value, 256 or 65,536 bins; wider ones
 * by the upper 16 bits of their float32, negative ones in reverse. (z0, y0) is the box's place in the volume: of plane
 * z and row y those count where (5 · z + y) is a multiple of `step`. Goes on with what is at `table`, TALLIES uint32 a
 * bin.
 */
export type Histogram = (...args: [...From, ...Extent, z0: number, y0: number, step: number, table: number]) => void;

/**
 * The loops that decide the speed, bound to one shared memory. Addresses and lengths are bytes unless said otherwise.
 */
export interface Simd {
  copyBox: CopyBox;
  firstDifference: FirstDifference;
  fill(address: number, byte: number, length: number): void;
  halve(element: Element, method: Downsampling): Halve;
  scan(element: Element): Scan;
  histogram(element: Element): Histogram;
  /**
   * Adds what `histogram` counted at `table` to uint64 at `total` that other threads add to as well, and begins again
   * with nothing.
   */
  addHistogram(table: number, bins: number, total: number): void;
  scale(source: Element, target: 'uint16' | 'uint8'): Scale;
  /** Between types that differ. */
  cast(source: Element, target: 'float32' | 'float64'): Cast;
  /** From floats to int32. */
  whole(source: 'float32' | 'float64'): Whole;
  /** Reverses the bytes of each element of 2, 4 or 8 bytes, in place; `length` is a multiple of the size. */
  swap(address: number, length: number, elementSize: 2 | 4 | 8): void;
  /**
   * Byte-shuffle as C-Blosc has it: byte k of every element goes into stream k. Bytes after the last whole element are
   * copied. `target` must not overlap `source`.
   */
  shuffle(source: number, target: number, length: number, elementSize: number): void;
  /**
   * Bit-shuffle as C-Blosc 1 has it: bit k of byte b of every element goes into stream 8 · b + k; bytes after the last
   * whole element are copied, and so are all of them where the number of elements is no multiple of 8. `scratch` is
   * SHUFFLE_SCRATCH bytes; the three must not overlap.
   */
  bitshuffle(source: number, target: number, length: number, elementSize: number, scratch: number): void;
  /**
   * One block in the LZ4 block format, or 0 when it would not fit `capacity` bytes; nothing is written beyond them.
   * `table` is LZ4_TABLE bytes of scratch; length < 2 GiB. A greater `acceleration` (from 1) is faster and compresses
   * less.
   */
  lz4(source: number, length: number, target: number, capacity: number, table: number, acceleration: number): number;
  /**
   * Shuffles a block as `shuffling` says (C-Blosc's numbers); see `shuffle` and `bitshuffle`. `scratch`:
   * SHUFFLE_SCRATCH bytes.
   */
  shuffleBlock(
    source: number,
    target: number,
    length: number,
    elementSize: number,
    shuffling: 0 | 1 | 2,
    scratch: number
  ): void;
  /**
   * One block of a Blosc-1 frame: shuffled, cut into `streams` of equal length, each after its encoded length and in
   * LZ4 where that is shorter and the stream not noise. Returns the bytes written or, when they would be more than
   * `capacity`, 0. `scratch`: LZ4_TABLE + SHUFFLE_SCRATCH + length bytes.
   */
  lz4Block(
    ...args: [
      source: number,
      length: number,
      target: number,
      capacity: number,
      elementSize: number,
      streams: number,
      shuffling: 0 | 1 | 2,
      acceleration: number,
      scratch: number
    ]
  ): number;
  /** The inverse of `shuffleBlock`. */
  unshuffleBlock: Simd['shuffleBlock'];
  /**
   * Decompresses `length` bytes, a whole block in the LZ4 block format, into exactly `size` bytes; false where it is
   * damaged. Nothing else is read or written.
   */
  unlz4(source: number, length: number, target: number, size: number): boolean;
  /**
   * Whether bytes look like noise, judged by a sample: neither LZ4 nor zstd would gain anything. `table` is 2 KiB of
   * scratch.
   */
  isIncompressible(source: number, length: number, table: number): boolean;
  /**
   * A checksum of 32 bits that tells a file that did not get to the disk whole from one that did; none against malice.
   * Goes on from `seed`, the checksum of the piece before, or 0.
   */
  checksum(source: number, length: number, seed: number): number;
  /** CRC-32C (RFC 3720, appendix B.4). `table` is CRC32C_TABLE bytes of scratch. */
  crc32c(source: number, length: number, table: number): number;
}

/** How many uint32 `histogram` needs a bin. */
export const COUNTS_PER_BIN = 2;

/** A shared memory of the smallest number of whole 64 KiB pages that holds `bytes` (at most 4 GiB), and never grows. */
export function createMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.max(1, Math.ceil(bytes / 65536));
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

interface Exports extends Pick<
  Simd,
  | 'copyBox'
  | 'firstDifference'
  | 'fill'
  | 'shuffle'
  | 'bitshuffle'
  | 'shuffleBlock'
  | 'lz4'
  | 'lz4Block'
  | 'checksum'
  | 'addHistogram'
> {
  scannedMin(): number;
  scannedMax(): number;
  scannedNaNs(): number;
  unlz4(...args: Parameters<Simd['unlz4']>): number;
  crc32c(...args: Parameters<Simd['crc32c']>): number;
  isIncompressible(...args: Parameters<Simd['isIncompressible']>): number;
  unshuffle: Simd['shuffle'];
  unbitshuffle: Simd['bitshuffle'];
  swap2(address: number, length: number): void;
  swap4(address: number, length: number): void;
  swap8(address: number, length: number): void;
}

/** Loops by voxel type, as src/build/simd.mjs names them. */
type Typed = Record<`halve_${Element}`, (method: number, ...args: Parameters<Halve>) => void> &
  Record<`scan_${Element}`, (...args: Parameters<Scan>) => void> &
  Record<`histogram_${Element}`, Histogram> &
  Record<`scale_${Element}_${'uint16' | 'uint8'}`, Scale> &
  Record<`cast_${Element}_${'float32' | 'float64'}`, Cast> &
  Record<`whole_${'float32' | 'float64'}`, Whole>;

let compiled: WebAssembly.Module | null = null;

/** The loops, bound to a memory of `createMemory`. Each thread makes its own; they hold no state in the memory. */
export function instantiate(memory: WebAssembly.Memory): Simd {
  compiled ??= new WebAssembly.Module(Buffer.from(WASM, 'base64'));
  const wasm = new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Exports & Typed;
  const { copyBox, firstDifference, fill, shuffle, bitshuffle, shuffleBlock, lz4, lz4Block } = wasm;
  const { checksum, addHistogram } = wasm;
  return {
    ...{ copyBox, firstDifference, fill, shuffle, bitshuffle, shuffleBlock, lz4, lz4Block },
    ...{ checksum, addHistogram },
    halve: (element, method) => wasm[`halve_${element}`].bind(null, DOWNSAMPLINGS.indexOf(method)),
    scan: element => {
      const scan = wasm[`scan_${element}`];
      return (source, plane, row, nz, ny, nx) => {
        scan(source, plane, row, nz, ny, nx);
        return { min: wasm.scannedMin(), max: wasm.scannedMax(), nan: wasm.scannedNaNs() };
      };
    },
    histogram: element => wasm[`histogram_${element}`],
    scale: (source, target) => wasm[`scale_${source}_${target}`],
    cast: (source, target) => wasm[`cast_${source}_${target}`],
    whole: source => wasm[`whole_${source}`],
    unshuffleBlock: (source, target, length, elementSize, shuffling, scratch) =>
      shuffling === 2
        ? wasm.unbitshuffle(source, target, length, elementSize, scratch)
        : wasm.unshuffle(source, target, length, shuffling === 1 ? elementSize : 1),
    unlz4: (...args) => wasm.unlz4(...args) !== 0,
    crc32c: (...args) => wasm.crc32c(...args) >>> 0,
    isIncompressible: (...args) => wasm.isIncompressible(...args) !== 0,
    swap: (address, length, elementSize) =>
      ({ 2: wasm.swap2, 4: wasm.swap4, 8: wasm.swap8 })[elementSize](address, length)
  };
}
