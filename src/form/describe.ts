import { formatBytes } from '../model/bytes.ts';
import { count } from '../model/count.ts';
import type { Progress, Source, Unfinished, VolumeInfo } from '../protocol/index.ts';
import { UNIT_SYMBOLS } from './choices.ts';
import { baseName } from './output.ts';

const FORMATS: Record<VolumeInfo['format'], string> = {
  tiff: 'TIFF',
  bigtiff: 'BigTIFF',
  imagej: 'ImageJ TIFF',
  slices: 'Stack of slices',
  array: 'Array'
};

/** `225 × 128 × 128` */
export function describeShape(shape: readonly number[]): string {
  return shape.join(' × ');
}

/** `Z × Y × X`, with time and channels before where there are several. */
export function describeAxes({ axes }: Pick<VolumeInfo, 'axes'>): string {
  return [...axes.toUpperCase()].join(' × ');
}

/** The edge lengths of a voxel along (Z, Y, X) as a person writes them; null when unknown. */
export function describeVoxel(info: { voxelSize: readonly number[] | null; unit: string | null }): string | null {
  if (!info.voxelSize) {
    return null;
  }
  const unit = info.unit ? ` ${UNIT_SYMBOLS[info.unit] ?? info.unit}` : '';
  const lengths = info.voxelSize.map(length => String(Number(length.toPrecision(5))));
  const isCube = lengths.every(length => length === lengths[0]);
  return `${isCube ? lengths[0] : lengths.join(' × ')}${unit}${isCube ? ', isotropic' : ''}`;
}

/** Where the voxel size was found: `from ImageJ’s metadata`. */
export function describeOrigin(info: Pick<VolumeInfo, 'voxelSizeFrom' | 'voxelSizeFile'>): string {
  const origins: Record<string, string> = {
    user: 'as given',
    imagej: 'from ImageJ’s metadata',
    'ome-xml': 'from OME-XML',
    'resolution-tags': 'from the resolution tags'
  };
  return origins[info.voxelSizeFrom ?? ''] ?? `from ${info.voxelSizeFile ?? info.voxelSizeFrom ?? 'the file'}`;
}

/** `ImageJ TIFF, 225 pages, 3.52 MiB, uncompressed` */
export function describeFile(info: VolumeInfo): string {
  const pages = count(info.pages, info.format === 'slices' ? 'file' : 'page');
  const compression = info.compression === 'none' ? 'uncompressed' : info.compression;
  return `${FORMATS[info.format] ?? info.format}, ${pages}, ${formatBytes(info.bytes)}, ${compression}`;
}

/** `scan.tif`, or `raw_000.tif … raw_899.tif (900 files)` */
export function describeSource(source: Source): string {
  if (typeof source === 'string') {
    return baseName(source);
  }
  return source.length === 1
    ? baseName(source[0])
    : `${baseName(source[0])} … ${baseName(source[source.length - 1])} (${source.length} files)`;
}

/** `45 s`, `3 min 20 s`, `1 h 05 min` */
export function describeSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole === 0) {
    return 'under 1 s';
  }
  if (whole < 60) {
    return `${whole} s`;
  }
  if (whole < 3600) {
    return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  }
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}

/** `42 %, 310 MiB/s, 1 min 20 s left`; the rate is in bytes of the source. */
export function describeProgress(progress: Progress): string {
  const parts = [`${Math.floor(100 * fraction(progress))} %`];
  if (progress.bytesPerSecond > 0) {
    parts.push(`${formatBytes(progress.bytesPerSecond)}/s`);
  }
  if (progress.secondsLeft !== null) {
    parts.push(`${describeSeconds(progress.secondsLeft)} left`);
  }
  return parts.join(', ');
}

/** `42 % is done, last written 24 Nov 2026, 14:12`, in the browser's language and time. */
export function describeUnfinished(unfinished: Unfinished): string {
  const written = new Date(unfinished.written).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  return `${Math.floor(100 * fraction(unfinished))} % is done, last written ${written}`;
}

/** How much is done, from 0 to 1. */
export function fraction(progress: Pick<Progress, 'doneBytes' | 'totalBytes'> | null): number {
  return progress && progress.totalBytes > 0 ? Math.min(1, progress.doneBytes / progress.totalBytes) : 0;
}

/** Levels, bytes and time of what was written, as far as they are known. */
export function factsOf(result: { levels?: number; bytesWritten?: number; seconds: number }): string {
  const { levels, bytesWritten, seconds } = result;
  const facts = [
    levels === undefined ? null : count(levels, 'level'),
    bytesWritten === undefined ? null : formatBytes(bytesWritten),
    `in ${describeSeconds(seconds)}`
  ];
  return facts.filter(fact => fact !== null).join(', ');
}
