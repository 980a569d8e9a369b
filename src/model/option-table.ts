import { shortBytes } from './bytes.ts';
import {
  CHECKSUMS,
  COMPRESSIONS,
  type ConvertOptions,
  DEFAULT_OPTIONS,
  DESCRIBED_BY,
  DOWNSAMPLINGS,
  OME_ZARR_VERSIONS,
  ORIENTATIONS,
  OUTPUT_DTYPES,
  PALETTES,
  Z_AXES
} from './options.ts';

/**
 * Kind of an option's values. Every surface reads and shows them by it: the command line, the form, the widget's
 * traits, the settings, and the Python package, which has types, traits and checks by it. An option of a kind that is
 * here needs no code of its own in any of them.
 */
export type OptionKind =
  | 'flag'
  /** A flag that a form asks for where it is not given. */
  | 'decision'
  | 'choice'
  | 'text'
  | 'path'
  /** A pattern of file names, or a range of numbers. */
  | 'slices'
  /** A name, or a number from 0. */
  | 'image'
  | 'integer'
  /** A whole number or `auto`. */
  | 'levels'
  /** Whole numbers with commas between them, or `all`. */
  | 'channels'
  /** A number of bytes, or a size such as 8G. */
  | 'bytes'
  /** The name of a number type. */
  | 'dtype'
  | 'version'
  /** Whole numbers of voxels along (Z, Y, X). */
  | 'lengths'
  /** A voxel: whole numbers from 0 along (Z, Y, X). */
  | 'voxel'
  /** Half-open ranges of voxels along (Z, Y, X). */
  | 'ranges'
  /** Numbers along (Z, Y, X). */
  | 'sizes'
  /** Numbers or percentages. */
  | 'bounds';

/** One option of the engine, as all surfaces have it. */
export interface EngineOption {
  key: keyof ConvertOptions;
  /** On the command line; Python's argument and the widget's trait have `_` between the words. */
  name: string;
  short?: string;
  /** Label of the form's field. */
  label: string;
  kind: OptionKind;
  /** Names of its values in help: as many words as there are values. */
  values: readonly string[];
  choices?: readonly string[];
  /** Meaning of the option, with the default in brackets at the end. */
  help: string;
  /** The same, where `help` only lists what one may choose from. */
  meaning?: string;
  /** Its text in JupyterLab's settings, where a default of one's own makes sense, and the meaning of an empty one. */
  setting?: { description: string; empty: string };
}

/** How many worker threads there are at most where nobody says it. */
export const DEFAULT_JOBS = 'as many as there are processors';

const d = DEFAULT_OPTIONS;

/** A setting without which the engine's default holds. */
const setting = (description: string, empty = "the converter's default") => ({ description, empty });

/**
 * Every option of the engine but for the output, which is an argument everywhere: the one table that the command line,
 * the form, the widget, the settings (`schema/plugin.json`) and Python's functions come from. The last two are written
 * by `src/build/options.mjs`.
 */
export const ENGINE_OPTIONS = [
  {
    key: 'slices',
    name: 'slices',
    label: 'Slices',
    kind: 'slices',
    values: ['CHOICE'],
    help: "slices of a folder: a pattern of their names, such as 'rec_*.tif', or a range of their numbers, such as 100-899 (all)"
  },
  {
    key: 'image',
    name: 'image',
    label: 'Image',
    kind: 'image',
    values: ['NAME|N'],
    help: 'which of several images of a file, by its name or its number from 0 (the only one)'
  },
  {
    key: 'describedBy',
    name: 'described-by',
    label: 'Described by',
    kind: 'choice',
    values: ['PROGRAM'],
    choices: DESCRIBED_BY,
    help: "whose description of a file is believed: auto takes OME-XML before ImageJ's before others (auto)"
  },
  {
    key: 'zAxis',
    name: 'z-axis',
    label: 'Slices are',
    kind: 'choice',
    values: ['AXIS'],
    choices: Z_AXES,
    help: 'what the slices are: auto, or what the source calls channels (c), time points (t) or samples of a pixel (auto)'
  },
  {
    key: 'palette',
    name: 'palette',
    label: 'Palette',
    kind: 'choice',
    values: ['HOW'],
    choices: PALETTES,
    help: 'of pixels that are indices into a palette (a lookup table): apply it, or ignore it and take what is stored (apply)'
  },
  {
    key: 'orientation',
    name: 'orientation',
    label: 'Orientation tag',
    kind: 'choice',
    values: ['HOW'],
    choices: ORIENTATIONS,
    help: "a TIFF's Orientation tag: ignore it, or apply it by flips of rows and columns (ignore)"
  },
  {
    key: 'chunkSize',
    name: 'chunk-size',
    label: 'Chunk size',
    setting: setting('Voxels of a chunk along Z, Y and X: "128 128 128", or one number for all three.'),
    short: 'c',
    kind: 'lengths',
    values: ['Z', 'Y', 'X'],
    help: `chunk lengths in voxels (${d.chunkSize.join(' ')}; as many voxels in another shape where the volume is shorter)`
  },
  {
    key: 'levels',
    name: 'num-levels',
    label: 'Levels',
    setting: setting('Number of resolutions, or "auto": halve until the coarsest fits one chunk.'),
    short: 'n',
    kind: 'levels',
    values: ['N'],
    help: 'levels, the full resolution included, or auto: halve until the coarsest fits one chunk (auto)'
  },
  {
    key: 'shard',
    name: 'shard',
    label: 'Shard size',
    setting: setting(
      `Voxels of a shard along Z, Y and X, multiples of the chunk's: "512 512 512", or one number for all three. The chunks of a shard share a file (from OME-Zarr 0.5 on).`,
      'a file a chunk'
    ),
    kind: 'lengths',
    values: ['Z', 'Y', 'X'],
    help: "shard lengths in voxels, multiples of the chunk's: the chunks of a shard share a file; from OME-Zarr 0.5 on (no shards)"
  },
  {
    key: 'downsample',
    name: 'downsample',
    label: 'A coarser voxel is the',
    kind: 'choice',
    values: ['METHOD'],
    choices: DOWNSAMPLINGS,
    help: `what a window of voxels becomes on the next level: ${DOWNSAMPLINGS.join(', ')} (mean, or mode for labels)`
  },
  {
    key: 'labels',
    name: 'labels',
    label: 'Labels',
    kind: 'flag',
    values: [],
    help: 'voxels are labels: whole numbers, kept as they are, reduced by mode'
  },
  {
    key: 'parent',
    name: 'parent',
    label: 'Image that the labels belong to',
    kind: 'path',
    values: ['IMAGE'],
    help: 'the OME-Zarr that the labels belong to: they are written to IMAGE/labels/OUTPUT'
  },
  {
    key: 'at',
    name: 'at',
    label: 'Place in the image',
    kind: 'voxel',
    values: ['Z', 'Y', 'X'],
    help: 'of labels that fill a part of the image: the voxel of its full resolution at which theirs begin (labels fill it)',
    meaning: 'of labels that fill a part of the image: the voxel of its full resolution at which theirs begin'
  },
  {
    key: 'compression',
    name: 'compression',
    label: 'Compression',
    setting: setting('Codec of the chunks.'),
    kind: 'choice',
    values: ['CODEC'],
    choices: COMPRESSIONS,
    help: `${COMPRESSIONS.join(', ')} (${d.compression})`,
    meaning: 'how the chunks are compressed'
  },
  {
    key: 'checksum',
    name: 'checksum',
    label: 'Checksum',
    setting: setting(
      '"crc32c" puts a checksum behind each chunk, by which readers find damage (from OME-Zarr 0.5 on).'
    ),
    kind: 'choice',
    values: ['CODEC'],
    choices: CHECKSUMS,
    help: `crc32c: a checksum behind each chunk, by which readers find damage; from OME-Zarr 0.5 on (${d.checksum})`
  },
  {
    key: 'maxMemory',
    name: 'max-memory',
    label: 'Memory budget',
    setting: setting('Most memory that a conversion may take, such as 8G or 512M.'),
    short: 'm',
    kind: 'bytes',
    values: ['SIZE'],
    help: `peak memory of the process, such as 8G or 512M (${shortBytes(d.maxMemory)})`
  },
  {
    key: 'dtype',
    name: 'dtype',
    label: 'Data type',
    short: 'd',
    kind: 'dtype',
    values: ['TYPE'],
    choices: OUTPUT_DTYPES,
    help: `${OUTPUT_DTYPES.join(', ')} (${d.dtype})`,
    meaning: 'number type of the stored voxels'
  },
  {
    key: 'channel',
    name: 'channel',
    label: 'Channels',
    kind: 'channels',
    values: ['N,...'],
    help: 'channels to convert, from 0, such as 0,2, or all; colours are samples of each pixel (the only one)',
    meaning: 'channels to convert, from 0; colours are samples of each pixel'
  },
  {
    key: 'valueRange',
    name: 'value-range',
    label: 'Value range',
    kind: 'bounds',
    values: ['MIN', 'MAX'],
    help: 'source values that become the least and the greatest uint16 or uint8, or percentages of them (0% 100%)'
  },
  {
    key: 'roi',
    name: 'roi',
    label: 'Region',
    kind: 'ranges',
    values: ['Z0', 'Z1', 'Y0', 'Y1', 'X0', 'X1'],
    help: 'half-open voxel ranges to convert (everything)'
  },
  {
    key: 'voxelSize',
    name: 'voxel-size',
    label: 'Voxel size',
    kind: 'sizes',
    values: ['Z', 'Y', 'X'],
    help: 'voxel edge lengths, in place of what the source says'
  },
  {
    key: 'unit',
    name: 'unit',
    label: 'Unit',
    kind: 'text',
    values: ['UNIT'],
    help: "unit of --voxel-size, such as micrometer, or none; without --voxel-size, the unit that the source's lengths are brought to"
  },
  {
    key: 'omeZarr',
    name: 'ome-zarr',
    label: 'OME-Zarr version',
    setting: setting('0.6 and 0.5 are Zarr v3, 0.4 is Zarr v2. Few programs read 0.6 yet.'),
    kind: 'version',
    values: ['VERSION'],
    choices: OME_ZARR_VERSIONS,
    help: `${OME_ZARR_VERSIONS.join(', ')} (${d.omeZarr})`,
    meaning: 'version of OME-Zarr'
  },
  {
    key: 'jobs',
    name: 'jobs',
    label: 'Worker threads',
    setting: setting('At most.', DEFAULT_JOBS),
    short: 'j',
    kind: 'integer',
    values: ['N'],
    help: `worker threads at most (${DEFAULT_JOBS})`
  },
  {
    key: 'overwrite',
    name: 'overwrite',
    label: 'Replace an existing OME-Zarr',
    kind: 'flag',
    values: [],
    help: 'replace an OME-Zarr of that name, once the new one is whole'
  },
  {
    key: 'resume',
    name: 'resume',
    label: 'Resume',
    kind: 'decision',
    values: [],
    help: 'go on with what an interrupted conversion has left; without it, that is removed'
  }
] as const satisfies readonly EngineOption[];

export type EngineOptionSpec = (typeof ENGINE_OPTIONS)[number];

const BY_KEY = new Map<string, EngineOption>(ENGINE_OPTIONS.map(option => [option.key, option]));

/** The option of a key; undefined for the output, and for what is no option of the engine. */
export const engineOption = (key: string): EngineOption | undefined => BY_KEY.get(key);

/** Label of the form's field of an option. */
export const labelOf = (key: keyof ConvertOptions): string => (key === 'output' ? 'Output' : BY_KEY.get(key)!.label);
