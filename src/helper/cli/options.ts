import { LOOK_OPTIONS, READING_OPTIONS } from '../../model/options.ts';
import { ENGINE_OPTIONS, type EngineOption } from '../../model/option-table.ts';

/** One option of the command line: an engine's, or one of its own. */
export type OptionSpec = Omit<EngineOption, 'key' | 'kind' | 'label' | 'setting'> &
  Partial<Pick<EngineOption, 'key' | 'kind'>>;

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

const BATCH: OptionSpec = {
  name: 'batch',
  values: ['SOURCES'],
  help: 'many in place of INPUT: a text file that names one a line (@-: standard input), a quoted pattern of paths, a folder of TIFFs and of folders of slices, or an address; OUTPUT is a folder then (each beside its source)'
};

const QUIET: OptionSpec = { name: 'quiet', short: 'q', values: [], help: 'no progress, only warnings and errors' };

/** Options of the engine, in the table's order. */
const some = (...keys: EngineOption['key'][]): OptionSpec[] => ENGINE_OPTIONS.filter(({ key }) => keys.includes(key));

/** A part's limits, where nobody says otherwise. */
const OF_JOB: Record<string, string> = {
  'max-memory': 'peak memory of the process, such as 8G or 512M (what was planned, and no more than its job has)',
  jobs: 'worker threads at most (what was planned, or as many processors as its job has)'
};

export const COMMANDS: CommandSpec[] = [
  {
    name: 'info',
    usage: 'INPUT',
    summary: 'show what a TIFF, a folder of slices or an OME-Zarr holds',
    options: [
      {
        name: 'no-files',
        values: [],
        help: 'of an OME-Zarr: read its metadata, and do not look how many files there are, how large, and which are missing'
      },
      ...some(...READING_OPTIONS),
      JSON_OPTION
    ]
  },
  {
    name: 'estimate',
    usage: 'INPUT [OUTPUT]',
    summary: 'show what a conversion would write and need',
    options: [...ENGINE_OPTIONS, BATCH, JSON_OPTION]
  },
  {
    name: 'convert',
    usage: 'INPUT [OUTPUT]',
    summary: 'write an OME-Zarr pyramid and print its path; one file, if OUTPUT ends in .ozx',
    options: [
      ...ENGINE_OPTIONS,
      BATCH,
      {
        name: 'report',
        values: ['NAME'],
        help: 'of --batch: write what has become of each to NAME.json and NAME.csv, while it goes on'
      },
      { name: 'dry-run', values: [], help: 'of --batch: say what would be converted, and write nothing' },
      QUIET,
      PROGRESS
    ]
  },
  {
    name: 'plan',
    usage: 'INPUT [OUTPUT] --parts N',
    summary: 'decide how a conversion is done in parts, by many processes or machines, and take the name OUTPUT for it',
    options: [
      {
        name: 'parts',
        values: ['N'],
        help: 'how many parts; or at least and at most, as 4-16: one for each 16 GiB of voxels; fewer are made where it cannot be cut into as many'
      },
      {
        name: 'distributed-scan',
        values: [],
        help: 'have the parts look for a value range that must be looked for: part --scan for each, before any is converted (this process looks)'
      },
      { name: 'dry-run', values: [], help: 'say how it would be done, and write nothing' },
      ...ENGINE_OPTIONS,
      JSON_OPTION,
      QUIET,
      PROGRESS
    ]
  },
  {
    name: 'part',
    usage: 'I OUTPUT',
    summary: 'convert part I (from 1) of what is planned for OUTPUT: it may be ended and run again at any time',
    options: [
      {
        name: 'scan',
        values: [],
        help: 'look for the value range in place of converting, as plan --distributed-scan asks'
      },
      ...some('maxMemory', 'jobs').map(option => ({ ...option, help: OF_JOB[option.name] })),
      JSON_OPTION,
      QUIET,
      PROGRESS
    ]
  },
  {
    name: 'finish',
    usage: 'OUTPUT',
    summary: 'make one OME-Zarr of parts that are all converted, and print its path',
    options: [
      {
        name: 'discard',
        values: [],
        help: 'remove what is planned for OUTPUT and what is converted of it, in place of that'
      },
      QUIET,
      PROGRESS
    ]
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
      {
        name: 'piece',
        values: ['I/N'],
        help: 'of N processes that share it, with the same -m and -j, the I-th; and 0/N for the metadata and what is in no share (all)'
      },
      ...some('maxMemory', 'jobs'),
      JSON_OPTION,
      QUIET,
      PROGRESS
    ]
  },
  {
    name: 'view',
    usage: 'VOLUME... [--labels LABELS]',
    summary: 'show OME-Zarrs, TIFFs or folders of slices in Neuroglancer, in the browser',
    options: [
      ...some(...LOOK_OPTIONS),
      {
        name: 'labels',
        values: ['LABELS'],
        help: 'a volume of whole numbers to lay over them as segments, also where it does not say that they are labels'
      },
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

/** What only programs ask for: no help speaks of it. */
const OF_PROGRAMS: CommandSpec[] = [
  { name: 'report', usage: '', summary: 'write the report of many volumes that standard input tells', options: [] }
];

export function findCommand(name: string): CommandSpec | undefined {
  return [...COMMANDS, ...OF_PROGRAMS].find(command => command.name === name);
}
