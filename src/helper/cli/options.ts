import {
  CHECKSUMS,
  COMPRESSIONS,
  DEFAULT_OPTIONS,
  DESCRIBED_BY,
  DOWNSAMPLINGS,
  OME_ZARR_VERSIONS,
  OUTPUT_DTYPES,
  ORIENTATIONS,
  PALETTES,
  Z_AXES
} from '../../model/options.ts';
import { shortBytes } from '../../protocol/bytes.ts';
import { DEFAULT_JOBS } from '../../protocol/fields.ts';

/**
 * What an option's values are. The command line reads them by it, and the Python package has types, traits and checks by it
 * (`src/build/python-options.mjs`): an option of a kind that is here needs no code of its own in either.
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
  /** Half-open ranges of voxels along (Z, Y, X). */
  | 'ranges'
  /** Numbers along (Z, Y, X). */
  | 'sizes'
  /** Numbers or percentages. */
  | 'bounds';

/** One option of the command line. Its values are as many words as `values` names. */
export interface OptionSpec {
  name: string;
  short?: string;
  /** Of the engine's options, which Python's functions have too. */
  kind?: OptionKind;
  values: string[];
  choices?: readonly string[];
  /** What is meant by it, with the default in brackets at the end. */
  help: string;
  /** The same, where `help` only lists what one may choose from. */
  meaning?: string;
}

/** An option of the engine. */
export type EngineOptionSpec = OptionSpec & { kind: OptionKind };

export interface CommandSpec {
  name: string;
  /** Positional arguments, as help shows them. */
  usage: string;
  summary: string;
  options: OptionSpec[];
}

const JSON_OPTION: OptionSpec = { name: 'json', values: [], help: 'one JSON object instead of text' };
const PROGRESS: OptionSpec = {
  name: 'progress',
  values: ['HOW'],
  choices: ['bar', 'json', 'none'],
  help: 'bar (the default), none, or json: one event a line on standard error'
};

const SLICES: EngineOptionSpec = {
  name: 'slices',
  kind: 'slices',
  values: ['CHOICE'],
  help: "slices of a folder: a pattern of their names, such as 'rec_*.tif', or a range of their numbers, such as 100-899 (all)"
};

const IMAGE: EngineOptionSpec = {
  name: 'image',
  kind: 'image',
  values: ['NAME|N'],
  help: 'which of several images of a file, by its name or its number from 0 (the only one)'
};
const DESCRIBED: EngineOptionSpec = {
  name: 'described-by',
  kind: 'choice',
  values: ['PROGRAM'],
  choices: DESCRIBED_BY,
  help: "whose description of a file is believed: auto takes OME-XML before ImageJ's before others (auto)"
};
const Z_AXIS: EngineOptionSpec = {
  name: 'z-axis',
  kind: 'choice',
  values: ['AXIS'],
  choices: Z_AXES,
  help: 'what the slices are: auto, or what the source calls channels (c), time points (t) or samples of a pixel (auto)'
};
const PALETTE: EngineOptionSpec = {
  name: 'palette',
  kind: 'choice',
  values: ['HOW'],
  choices: PALETTES,
  help: 'of pixels that are indices into a palette (a lookup table): apply it, or ignore it and take what is stored (apply)'
};
const ORIENTATION: EngineOptionSpec = {
  name: 'orientation',
  kind: 'choice',
  values: ['HOW'],
  choices: ORIENTATIONS,
  help: "a TIFF's Orientation tag: ignore it, or apply it by flips of rows and columns (ignore)"
};

const d = DEFAULT_OPTIONS;
const MAX_MEMORY: EngineOptionSpec = {
  name: 'max-memory',
  short: 'm',
  kind: 'bytes',
  values: ['SIZE'],
  help: `peak memory of the process, such as 8G or 512M (${shortBytes(d.maxMemory)})`
};
const JOBS: EngineOptionSpec = {
  name: 'jobs',
  short: 'j',
  kind: 'integer',
  values: ['N'],
  help: `worker threads at most (${DEFAULT_JOBS})`
};
const QUIET: OptionSpec = { name: 'quiet', short: 'q', values: [], help: 'no progress, only warnings and errors' };
/** Every option of the engine, but for the output, which is no option here. */
export const CONVERT_OPTIONS: EngineOptionSpec[] = [
  SLICES,
  IMAGE,
  DESCRIBED,
  Z_AXIS,
  PALETTE,
  ORIENTATION,
  {
    name: 'chunk-size',
    short: 'c',
    kind: 'lengths',
    values: ['Z', 'Y', 'X'],
    help: `chunk lengths in voxels (${d.chunkSize.join(' ')})`
  },
  {
    name: 'num-levels',
    short: 'n',
    kind: 'levels',
    values: ['N'],
    help: 'levels, the full resolution included, or auto: halve until the coarsest fits one chunk (auto)'
  },
  {
    name: 'shard',
    kind: 'lengths',
    values: ['Z', 'Y', 'X'],
    help: "shard lengths in voxels, multiples of the chunk's: the chunks of a shard share a file; OME-Zarr 0.5 (no shards)"
  },
  {
    name: 'downsample',
    kind: 'choice',
    values: ['METHOD'],
    choices: DOWNSAMPLINGS,
    help: `what a window of voxels becomes on the next level: ${DOWNSAMPLINGS.join(', ')} (mean, or mode for labels)`
  },
  {
    name: 'labels',
    kind: 'flag',
    values: [],
    help: 'voxels are labels: whole numbers, kept as they are, reduced by mode'
  },
  {
    name: 'parent',
    kind: 'path',
    values: ['IMAGE'],
    help: 'the OME-Zarr that the labels belong to: they are written to IMAGE/labels/OUTPUT'
  },
  {
    name: 'compression',
    kind: 'choice',
    values: ['CODEC'],
    choices: COMPRESSIONS,
    help: `${COMPRESSIONS.join(', ')} (${d.compression})`,
    meaning: 'how the chunks are compressed'
  },
  {
    name: 'checksum',
    kind: 'choice',
    values: ['CODEC'],
    choices: CHECKSUMS,
    help: `crc32c: a checksum behind each chunk, by which readers find damage; OME-Zarr 0.5 (${d.checksum})`
  },
  MAX_MEMORY,
  {
    name: 'dtype',
    short: 'd',
    kind: 'dtype',
    values: ['TYPE'],
    choices: OUTPUT_DTYPES,
    help: `${OUTPUT_DTYPES.join(', ')} (${d.dtype})`,
    meaning: 'number type of the stored voxels'
  },
  {
    name: 'channel',
    kind: 'channels',
    values: ['N,...'],
    help: 'channels to convert, from 0, such as 0,2, or all; colours are samples of each pixel (the only one)',
    meaning: 'channels to convert, from 0; colours are samples of each pixel'
  },
  {
    name: 'value-range',
    kind: 'bounds',
    values: ['MIN', 'MAX'],
    help: 'source values that become the least and the greatest uint16 or uint8, or percentages of them (0% 100%)'
  },
  {
    name: 'roi',
    kind: 'ranges',
    values: ['Z0', 'Z1', 'Y0', 'Y1', 'X0', 'X1'],
    help: 'half-open voxel ranges to convert (everything)'
  },
  {
    name: 'voxel-size',
    kind: 'sizes',
    values: ['Z', 'Y', 'X'],
    help: 'voxel edge lengths, in place of what the source says'
  },
  {
    name: 'unit',
    kind: 'text',
    values: ['UNIT'],
    help: "unit of --voxel-size, such as micrometer, or none; without --voxel-size, the unit that the source's lengths are brought to"
  },
  {
    name: 'ome-zarr',
    kind: 'version',
    values: ['VERSION'],
    choices: OME_ZARR_VERSIONS,
    help: `${OME_ZARR_VERSIONS.join(' or ')} (${d.omeZarr})`,
    meaning: 'version of OME-Zarr'
  },
  JOBS,
  { name: 'overwrite', kind: 'flag', values: [], help: 'replace an OME-Zarr of that name, once the new one is whole' },
  {
    name: 'resume',
    kind: 'decision',
    values: [],
    help: 'go on with what an interrupted conversion has left; without it, that is removed'
  }
];

export const COMMANDS: CommandSpec[] = [
  {
    name: 'info',
    usage: 'INPUT',
    summary: 'show what a TIFF, a folder of slices or an OME-Zarr holds',
    options: [SLICES, IMAGE, DESCRIBED, Z_AXIS, PALETTE, ORIENTATION, JSON_OPTION]
  },
  {
    name: 'estimate',
    usage: 'INPUT [OUTPUT]',
    summary: 'show what a conversion would write and need',
    options: [...CONVERT_OPTIONS, JSON_OPTION]
  },
  {
    name: 'convert',
    usage: 'INPUT [OUTPUT]',
    summary: 'write an OME-Zarr pyramid and print its path',
    options: [...CONVERT_OPTIONS, QUIET, PROGRESS]
  },
  {
    name: 'verify',
    usage: 'OUTPUT',
    summary: 'read an OME-Zarr back and say where it differs from its source, or from itself',
    options: [
      {
        name: 'against',
        values: ['INPUT'],
        help: 'the source to compare with (the one that OUTPUT names, if it lies beside it)'
      },
      MAX_MEMORY,
      JOBS,
      JSON_OPTION,
      QUIET,
      PROGRESS
    ]
  },
  {
    name: 'view',
    usage: 'OUTPUT...',
    summary: 'show OME-Zarrs in Neuroglancer, in the browser',
    options: [
      { name: 'port', values: ['N'], help: 'port on 127.0.0.1 (any free one)' },
      { name: 'no-browser', values: [], help: 'print the address only' }
    ]
  }
];

/** Understood by every command beside its own: help, and how errors are told to programs. */
export const COMMON_OPTIONS: OptionSpec[] = [
  { name: 'help', short: 'h', values: [], help: 'show this help' },
  PROGRESS
];

export function findCommand(name: string): CommandSpec | undefined {
  return COMMANDS.find(command => command.name === name);
}
