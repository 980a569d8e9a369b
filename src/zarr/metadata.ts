import { codecsV3, compressorV2 } from './codec/index.ts';
import {
  type Checksum,
  type Compression,
  type Downsampling,
  type OmeZarrVersion,
  zarrFormatOf
} from '../model/options.ts';
import type { Level } from '../model/levels.ts';
import { map3 } from '../model/levels.ts';
import { TOOL, VERSION } from '../model/version.ts';
import {
  BYTES_PER_VOXEL,
  type Channel,
  type Dtype,
  type OuterShape,
  type Shape,
  alongAxes,
  axesOf
} from '../model/volume.ts';

/** Stored values shown black and white, and the least and greatest there are. */
export interface ContrastLimits {
  start: number;
  end: number;
  min: number;
  max: number;
}

/** Metadata of an image's arrays. */
export interface Arrays {
  outerShape: OuterShape;
  levels: Level[];
  chunk: Shape;
  /** Null: a file a chunk. */
  shard: Shape | null;
  dtype: Dtype;
  compression: Compression;
  checksum: Checksum;
}

/** Metadata of an OME-Zarr image. */
export interface Image extends Arrays {
  name: string;
  downsample: Downsampling;
  /** Edge lengths of a voxel of level 0 along (Z, Y, X); null: unknown, written as 1 without a unit. */
  voxelSize: Shape | null;
  /** UDUNITS name. */
  unit: string | null;
  /** Where the centre of the first voxel is, along (Z, Y, X) in `unit`, in voxels where their size is unknown. */
  offset: Shape;
  /** Null: no labels. Otherwise the relative path of the image that they belong to, null where that is not said. */
  labels: { image: string | null } | null;
  /** Distance of time points in `timeUnit`; null: unknown, written as 1 without a unit. */
  timeStep: number | null;
  /** UDUNITS name. */
  timeUnit: string | null;
  /** One for each channel. */
  channels: (Channel & { window: ContrastLimits | null; inverted?: boolean })[];
  /** Kept under the program's own name: where the voxels come from and how to get the source's values back. */
  origin: Record<string, unknown>;
}

/** Colours for channels whose source says none, in ImageJ's order. */
const COLORS = ['FF0000', '00FF00', '0000FF', 'FFFFFF', '00FFFF', 'FF00FF', 'FFFF00'];
const V2_TYPES: Record<Dtype, string> = {
  uint8: '|u1',
  uint16: '<u2',
  uint32: '<u4',
  uint64: '<u8',
  int8: '|i1',
  int16: '<i2',
  int32: '<i4',
  int64: '<i8',
  float32: '<f4',
  float64: '<f8'
};

const DESCRIPTIONS: Record<Downsampling, string> = {
  mean: 'the mean',
  mode: 'the most frequent value (of several the first in the order z, y, x)',
  max: 'the greatest value',
  nearest: 'the first voxel'
};

/**
 * By how much of what a voxel has grown its centre has moved: what stands for a whole window has its centre, one that
 * was picked stays.
 */
export const movesBy = (downsample: Downsampling): number => (downsample === 'nearest' ? 0 : 1 / 2);

/**
 * Where a level's voxels are: scale, then translation of the centre of its first voxel, in `unit`.
 */
function transformations(image: Image, level: Level) {
  const size = image.voxelSize ?? [1, 1, 1];
  const scale = map3(size, (length, axis) => length * level.factor[axis]);
  const moves = movesBy(image.downsample);
  const translation = map3(size, (length, axis) => image.offset[axis] + length * moves * (level.factor[axis] - 1));
  const moved = translation.some(distance => distance !== 0);
  return [
    { type: 'scale', scale: alongAxes(image.outerShape, image.timeStep ?? 1, 1, scale) },
    ...(moved ? [{ type: 'translation', translation: alongAxes(image.outerShape, 0, 0, translation) }] : [])
  ];
}

function axes({ outerShape, voxelSize, unit, timeStep, timeUnit }: Image) {
  const withUnit = (name: string | null) => (name === null ? {} : { unit: name });
  return Array.from(axesOf(outerShape), name => {
    if (name === 't') return { name, type: 'time', ...withUnit(timeStep === null ? null : timeUnit) };
    if (name === 'c') return { name, type: 'channel' };
    return { name, type: 'space', ...withUnit(voxelSize === null ? null : unit) };
  });
}

/** The space that the levels of an image of 0.6 lie in. */
const SPACE = 'physical';

/** The same as one transformation with its ends, as 0.6 has it. */
function transformation(image: Image, level: Level, path: string) {
  const steps = transformations(image, level);
  const [only] = steps;
  const ends = { input: { path }, output: { name: SPACE } };
  return steps.length === 1 ? { ...only, ...ends } : { type: 'sequence', ...ends, transformations: steps };
}

function multiscales(image: Image, version: OmeZarrVersion) {
  const isInSystems = version === '0.6';
  return {
    name: image.name,
    ...(isInSystems ? { coordinateSystems: [{ name: SPACE, axes: axes(image) }] } : { axes: axes(image) }),
    datasets: image.levels.map((level, k) => ({
      path: String(k),
      coordinateTransformations: isInSystems ? [transformation(image, level, String(k))] : transformations(image, level)
    })),
    type: image.downsample,
    metadata: {
      description: `Each level is ${DESCRIPTIONS[image.downsample]} of the stored level above, over windows of up to 2 × 2 × 2 voxels.`,
      method: TOOL,
      version: VERSION
    }
  };
}

/** Metadata for viewers beside the geometry: of labels that they are labels, of others how to show the values. */
function rendering(image: Image, version: OmeZarrVersion) {
  const { labels } = image;
  if (!labels) return { omero: { ...(version === '0.4' && { version }), ...omero(image) } };
  return { 'image-label': { version, ...(labels.image !== null && { source: { image: labels.image } }) } };
}

const omero = ({ channels }: Image) => ({
  channels: channels.map(({ name, color, window, inverted }, n) => ({
    label: name,
    color: color ?? (channels.length > 1 ? COLORS[n % COLORS.length] : 'FFFFFF'),
    // Opacity would lie over everything else in white.
    active: channels.length === 1 || name !== 'Alpha' || color !== 'FFFFFF',
    ...(window && { window }),
    ...(inverted && { inverted })
  })),
  rdefs: { model: channels.length > 1 ? 'color' : 'greyscale' }
});

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Path of each metadata file, relative to the image's folder, and what it holds. */
export type Documents = [path: string, text: string][];

const BYTES = { name: 'bytes', configuration: { endian: 'little' } };

function codecs({ outerShape, compression, checksum, dtype, chunk, shard }: Arrays) {
  const inner = [BYTES, ...codecsV3(compression, BYTES_PER_VOXEL[dtype], checksum)];
  const index = { index_codecs: [BYTES, { name: 'crc32c' }], index_location: 'end' };
  const chunk_shape = alongAxes(outerShape, 1, 1, chunk);
  return shard ? [{ name: 'sharding_indexed', configuration: { chunk_shape, codecs: inner, ...index } }] : inner;
}

/**
 * Metadata of the arrays of OME-Zarr 0.6 (https://ngff.openmicroscopy.org/0.6) or 0.5, on Zarr v3, or of 0.4
 * (https://ngff.openmicroscopy.org/0.4), on Zarr v2.
 */
export function arrayDocuments(arrays: Arrays, version: OmeZarrVersion): Documents {
  const { outerShape, levels, chunk, shard, dtype, compression } = arrays;
  // Zarr v2's counterpart of Zarr v3's dimension_names: xarray opens arrays by it.
  const named = json({ _ARRAY_DIMENSIONS: [...axesOf(outerShape)] });
  const names: Documents = zarrFormatOf(version) === 2 ? levels.map((_, k) => [`${k}/.zattrs`, named]) : [];
  const described = levels.map(({ shape }, k): Documents[number] =>
    zarrFormatOf(version) === 3
      ? [
          `${k}/zarr.json`,
          json({
            zarr_format: 3,
            node_type: 'array',
            shape: alongAxes(outerShape, outerShape.t, outerShape.c, shape),
            data_type: dtype,
            chunk_grid: {
              name: 'regular',
              configuration: { chunk_shape: alongAxes(outerShape, 1, 1, shard ?? chunk) }
            },
            chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
            fill_value: 0,
            codecs: codecs(arrays),
            dimension_names: [...axesOf(outerShape)],
            attributes: {}
          })
        ]
      : [
          `${k}/.zarray`,
          json({
            zarr_format: 2,
            shape: alongAxes(outerShape, outerShape.t, outerShape.c, shape),
            chunks: alongAxes(outerShape, 1, 1, chunk),
            dtype: V2_TYPES[dtype],
            compressor: compressorV2(compression, BYTES_PER_VOXEL[dtype]),
            fill_value: 0,
            order: 'C',
            filters: null,
            dimension_separator: '/'
          })
        ]
  );
  return [...described, ...names];
}

/** Metadata of the image itself, which makes its folder one: the last to be written. */
export function imageDocuments(image: Image, version: OmeZarrVersion): Documents {
  const scales = [{ ...(version === '0.4' && { version }), ...multiscales(image, version) }];
  const origin = { [TOOL]: image.origin };
  if (zarrFormatOf(version) === 3) {
    const attributes = { ome: { version, multiscales: scales, ...rendering(image, version) }, ...origin };
    return [['zarr.json', json({ zarr_format: 3, node_type: 'group', attributes })]];
  }
  return [
    ['.zattrs', json({ multiscales: scales, ...rendering(image, version), ...origin })],
    ['.zgroup', json({ zarr_format: 2 })]
  ];
}
