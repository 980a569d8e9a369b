import { isAddress, shownAddress } from './address.ts';
import type { Layout } from './layout.ts';
import { type Axes, type Dtype, type OuterShape, type Shape, spatial } from './volume.ts';

/** An array that another program sends: its voxels once, in C order, little-endian, and nothing behind them. */
export interface SentArray {
  /** Name in messages. */
  name: string;
  axes: Axes;
  /** Lengths along `axes`. */
  shape: number[];
  dtype: Dtype;
  /** Of labels: the level of their image whose voxels theirs are, and `at` is in. 0: the full resolution. */
  level: number;
  /** Of voxels along (Z, Y, X), as the array says them, and their units as they are written; null: it says nothing. */
  said: { lengths: (number | string | null)[]; units: [string, string, string] } | null;
  /** The file descriptor that its voxels come by. */
  descriptor: number;
}

/** A source that is no file: plain data that worker threads receive once. */
export interface StreamLayout extends Pick<SentArray, 'name' | 'dtype' | 'descriptor'> {
  kind: 'stream';
  /** Lengths along (Z, Y, X) of one volume. */
  shape: Shape;
  outerShape: OuterShape;
  shownInverted?: boolean;
  /** How many voxels all threads have taken; -1 where it broke off (BigInt64Array over a SharedArrayBuffer). */
  taken: BigInt64Array;
}

/** How the voxels of a source are had. Each kind has its reader, `reader/source-kinds.ts`. */
export type SourceLayout = Layout | StreamLayout;

/**
 * Source of a conversion: the path or the address of a TIFF, a folder of slices, the slices in order, or an array that
 * another program sends.
 */
export type ConversionSource = string | string[] | SentArray;

export const isSent = (source: ConversionSource): source is SentArray =>
  typeof source !== 'string' && !Array.isArray(source);

/** Name of a source in messages: of a list, its first. */
export const sourceName = (source: ConversionSource): string =>
  isSent(source) ? source.name : shownAddress([source].flat()[0]);

/** The paths of a source; none of what is no file, or has an address. */
export const sourcePaths = (source: ConversionSource): string[] =>
  isSent(source) ? [] : [source].flat().filter(path => !isAddress(path));

export function streamLayout({ name, axes, shape, dtype, descriptor }: SentArray): StreamLayout {
  const along = (axis: string): number => (axes.includes(axis) ? shape[axes.indexOf(axis)] : 1);
  return {
    kind: 'stream',
    name,
    dtype,
    descriptor,
    shape: spatial(shape),
    outerShape: { t: along('t'), c: along('c') },
    taken: new BigInt64Array(new SharedArrayBuffer(8))
  };
}
