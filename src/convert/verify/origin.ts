import {
  type ConvertOptions,
  DESCRIBED_BY,
  DOWNSAMPLINGS,
  type Downsampling,
  ORIENTATIONS,
  PALETTES,
  type ReadingOptions,
  Z_AXES
} from '../../model/options.ts';
import { isObject } from '../../model/json.ts';
import type { Shape } from '../../model/volume.ts';

/** This program's record of a conversion, as far as an output can be checked by it. */
export interface Origin extends Omit<ReadingOptions, 'slices'> {
  source: {
    name: string;
    shape: number[];
    dtype: string;
    voxelSizeFrom: string | null;
    voxelSizeFile: string | null;
    /** Whether it was sent by another program, and is no file. */
    isSent: boolean;
    slices: string | null;
  };
  channel: ConvertOptions['channel'];
  /** Whether the source's values were taken as they are stored, because they are labels. */
  labels: boolean;
  /** Whether a person gave the unit. */
  unitGiven: boolean;
  roi: number[];
  /** Where the first voxel is, where the image decides that labels belong to; null: where the region begins. */
  offset: Shape | null;
  dtype: string;
  chunkSize: Shape;
  shard: Shape | null;
  levels: number;
  compression: string;
  checksum: string;
  downsample: Downsampling;
  valueRange: [number, number] | null;
}

const numbers = (value: unknown, least: number, most = least): value is number[] =>
  Array.isArray(value) && value.length >= least && value.length <= most && value.every(n => typeof n === 'number');

const isList = (value: unknown): value is number[] => numbers(value, 1, Infinity) && value.every(Number.isSafeInteger);

/** The parts of what is stored under the program's name; null where one is missing or of another kind. */
export function readOrigin(json: Record<string, unknown>): Origin | null {
  const {
    source,
    options = null,
    roi,
    offset = null,
    dtype,
    chunkSize,
    shard = null,
    levels,
    compression,
    checksum = 'none',
    downsample = 'mean',
    scaling = null
  } = json;
  if (!isObject(source) || typeof source.name !== 'string' || !numbers(source.shape, 3, 5)) return null;
  if (typeof source.dtype !== 'string' || typeof dtype !== 'string' || typeof compression !== 'string') return null;
  if (typeof checksum !== 'string') return null;
  if (!numbers(roi, 6) || !numbers(chunkSize, 3) || typeof levels !== 'number') return null;
  if (shard !== null && !numbers(shard, 3)) return null;
  if (offset !== null && !numbers(offset, 3)) return null;
  if (!DOWNSAMPLINGS.includes(downsample as Downsampling)) return null;
  const valueRange = isObject(scaling) ? scaling.valueRange : null;
  if (valueRange !== null && !numbers(valueRange, 2)) return null;
  const channel = isObject(options) ? options.channel : null;
  const { image, describedBy, zAxis, palette, orientation } = isObject(options) ? options : {};
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return {
    source: {
      name: source.name,
      shape: source.shape,
      dtype: source.dtype,
      voxelSizeFrom: text(source.voxelSizeFrom),
      voxelSizeFile: text(source.voxelSizeFile),
      isSent: source.format === 'array',
      slices: text(source.slices)
    },
    channel: channel === 'all' || isList(channel) ? channel : null,
    image: typeof image === 'string' || Number.isSafeInteger(image) ? (image as string | number) : null,
    describedBy: DESCRIBED_BY.find(choice => choice === describedBy) ?? 'auto',
    zAxis: Z_AXES.find(axis => axis === zAxis) ?? 'auto',
    palette: PALETTES.find(choice => choice === palette) ?? 'apply',
    orientation: ORIENTATIONS.find(choice => choice === orientation) ?? 'ignore',
    labels: isObject(options) && options.labels === true,
    unitGiven: !isObject(options) || options.unit !== null,
    roi,
    offset: offset as Shape | null,
    dtype,
    chunkSize: chunkSize as Shape,
    shard: shard as Shape | null,
    levels,
    compression,
    checksum,
    downsample: downsample as Downsampling,
    valueRange: valueRange as [number, number] | null
  };
}
