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

const QUIET: OptionSpec = { name: 'quiet', short: 'q', values: [], help: 'no progress, only warnings and errors' };

/** Options of the engine, in the table's order. */
const some = (...keys: EngineOption['key'][]): OptionSpec[] => ENGINE_OPTIONS.filter(({ key }) => keys.includes(key));

export const COMMANDS: CommandSpec[] = [
  {
    name: 'info',
    usage: 'INPUT',
    summary: 'show what a TIFF, a folder of slices or an OME-Zarr holds',
    options: [...some(...READING_OPTIONS), JSON_OPTION]
  },
  {
    name: 'estimate',
    usage: 'INPUT [OUTPUT]',
    summary: 'show what a conversion would write and need',
    options: [...ENGINE_OPTIONS, JSON_OPTION]
  },
  {
    name: 'convert',
    usage: 'INPUT [OUTPUT]',
    summary: 'write an OME-Zarr pyramid and print its path',
    options: [...ENGINE_OPTIONS, QUIET, PROGRESS]
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
        help: 'an OME-Zarr of whole numbers to lay over them as segments, also where it does not say that they are labels'
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

export function findCommand(name: string): CommandSpec | undefined {
  return COMMANDS.find(command => command.name === name);
}
