import {
  CHECKSUMS,
  COMPRESSIONS,
  DEFAULT_OPTIONS,
  DOWNSAMPLINGS,
  OME_ZARR_VERSIONS,
  OUTPUT_DTYPES,
  ORIENTATIONS,
  PALETTES,
  Z_AXES
} from '../../convert/options.ts';
import { shortBytes } from '../../protocol/bytes.ts';

/** One option of the command line. Its values are as many words as `values` names. */
export interface OptionSpec {
  name: string;
  short?: string;
  values: string[];
  choices?: readonly string[];
  help: string;
}

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

const SLICES: OptionSpec = {
  name: 'slices',
  values: ['CHOICE'],
  help: "slices of a folder: a pattern of their names, such as 'rec_*.tif', or a range of their numbers, such as 100-899 (all)"
};

const IMAGE: OptionSpec = {
  name: 'image',
  values: ['NAME|N'],
  help: 'which of several images of a file, by its name or its number from 0 (the only one)'
};
const Z_AXIS: OptionSpec = {
  name: 'z-axis',
  values: ['AXIS'],
  choices: Z_AXES,
  help: 'what the slices are: auto, or what the source calls channels (c), time points (t) or samples of a pixel (auto)'
};
const PALETTE: OptionSpec = {
  name: 'palette',
  values: ['HOW'],
  choices: PALETTES,
  help: 'of pixels that are indices into a palette (a lookup table): apply it, or ignore it and take what is stored (apply)'
};
const ORIENTATION: OptionSpec = {
  name: 'orientation',
  values: ['HOW'],
  choices: ORIENTATIONS,
  help: "a TIFF's Orientation tag: ignore it, or apply it by flips of rows and columns (ignore)"
};

const d = DEFAULT_OPTIONS;
const MAX_MEMORY: OptionSpec = {
  name: 'max-memory',
  short: 'm',
  values: ['SIZE'],
  help: `peak memory of the process, such as 8G or 512M (${shortBytes(d.maxMemory)})`
};
const JOBS: OptionSpec = {
  name: 'jobs',
  short: 'j',
  values: ['N'],
  help: 'worker threads at most (as many as there are processors)'
};
const QUIET: OptionSpec = { name: 'quiet', short: 'q', values: [], help: 'no progress, only warnings and errors' };
const CONVERT_OPTIONS: OptionSpec[] = [
  SLICES,
  IMAGE,
  Z_AXIS,
  PALETTE,
  ORIENTATION,
  {
    name: 'chunk-size',
    short: 'c',
    values: ['Z', 'Y', 'X'],
    help: `chunk lengths in voxels (${d.chunkSize.join(' ')})`
  },
  {
    name: 'num-levels',
    short: 'n',
    values: ['N'],
    help: 'levels, the full resolution included, or auto: halve until the coarsest fits one chunk (auto)'
  },
  {
    name: 'shard',
    values: ['Z', 'Y', 'X'],
    help: "shard lengths in voxels, multiples of the chunk's: the chunks of a shard share a file; OME-Zarr 0.5 (no shards)"
  },
  {
    name: 'downsample',
    values: ['METHOD'],
    choices: DOWNSAMPLINGS,
    help: `what a window of voxels becomes on the next level: ${DOWNSAMPLINGS.join(', ')} (mean, or mode for labels)`
  },
  { name: 'labels', values: [], help: 'voxels are labels: whole numbers, kept as they are, reduced by mode' },
  {
    name: 'parent',
    values: ['IMAGE'],
    help: 'the OME-Zarr that the labels belong to: they are written to IMAGE/labels/OUTPUT'
  },
  {
    name: 'compression',
    values: ['CODEC'],
    choices: COMPRESSIONS,
    help: `${COMPRESSIONS.join(', ')} (${d.compression})`
  },
  {
    name: 'checksum',
    values: ['CODEC'],
    choices: CHECKSUMS,
    help: `crc32c: a checksum behind each chunk, by which readers find damage; OME-Zarr 0.5 (${d.checksum})`
  },
  MAX_MEMORY,
  {
    name: 'dtype',
    short: 'd',
    values: ['TYPE'],
    choices: OUTPUT_DTYPES,
    help: `${OUTPUT_DTYPES.join(', ')} (${d.dtype})`
  },
  {
    name: 'channel',
    values: ['N,...'],
    help: 'channels to convert, from 0, such as 0,2, or all; colours are samples of each pixel (the only one)'
  },
  {
    name: 'value-range',
    values: ['MIN', 'MAX'],
    help: 'source values that become the least and the greatest uint16 or uint8, or percentages of them (0% 100%)'
  },
  {
    name: 'roi',
    values: ['Z0', 'Z1', 'Y0', 'Y1', 'X0', 'X1'],
    help: 'half-open voxel ranges to convert (everything)'
  },
  { name: 'voxel-size', values: ['Z', 'Y', 'X'], help: 'voxel edge lengths, in place of what the source says' },
  {
    name: 'unit',
    values: ['UNIT'],
    help: "unit of --voxel-size, such as micrometer, or none; without --voxel-size, the unit that the source's lengths are brought to"
  },
  {
    name: 'ome-zarr',
    values: ['VERSION'],
    choices: OME_ZARR_VERSIONS,
    help: `${OME_ZARR_VERSIONS.join(' or ')} (${d.omeZarr})`
  },
  JOBS,
  { name: 'overwrite', values: [], help: 'replace an OME-Zarr of that name, once the new one is whole' },
  {
    name: 'resume',
    values: [],
    help: 'go on with what an interrupted conversion has left; without it, that is removed'
  }
];

export const COMMANDS: CommandSpec[] = [
  {
    name: 'info',
    usage: 'INPUT',
    summary: 'show what a TIFF or a folder of slices holds',
    options: [SLICES, IMAGE, Z_AXIS, PALETTE, ORIENTATION, JSON_OPTION]
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
