import { existsSync } from 'node:fs';
import type { ConvertOptions } from '../../model/options.ts';
import type { Piece, VerifyOptions } from '../../convert/index.ts';
import { COMMAND_LINE, type OptionName, inWords, option as spoken, shellWord } from '../../model/words.ts';
import { parseBytes } from '../../model/bytes.ts';
import { ENGINE_OPTIONS, type OptionKind } from '../../model/option-table.ts';
import { closest } from './closest.ts';
import { COMMANDS, COMMON_OPTIONS, type CommandSpec, type OptionSpec, findCommand } from './options.ts';

/** A command line that cannot be understood: exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** The message with marks for options. */
  readonly said: string;

  constructor(said: string) {
    super(inWords(said, COMMAND_LINE));
    this.said = said;
  }
}

export type ProgressKind = 'bar' | 'json' | 'none';

export type Invocation =
  | { command: 'help'; topic: string | null }
  | { command: 'version' }
  | {
      command: 'info';
      source: string;
      options: Partial<ConvertOptions>;
      files: boolean;
      json: boolean;
      progress: ProgressKind;
    }
  | { command: 'estimate'; source: string; options: Partial<ConvertOptions>; json: boolean; progress: ProgressKind }
  | { command: 'convert'; source: string; options: Partial<ConvertOptions>; progress: ProgressKind }
  | {
      command: 'batch';
      sources: string;
      folder: string | null;
      report: string | null;
      dryRun: boolean;
      options: Partial<ConvertOptions>;
      progress: ProgressKind;
    }
  | {
      command: 'estimate-batch';
      sources: string;
      folder: string | null;
      options: Partial<ConvertOptions>;
      json: boolean;
      progress: ProgressKind;
    }
  | { command: 'report'; progress: ProgressKind }
  | {
      command: 'plan';
      source: string;
      options: Partial<ConvertOptions>;
      parts: number | [least: number, most: number];
      distributedScan: boolean;
      dryRun: boolean;
      json: boolean;
      progress: ProgressKind;
    }
  | {
      command: 'part';
      part: number;
      output: string;
      scan: boolean;
      options: Pick<Partial<ConvertOptions>, 'maxMemory' | 'jobs'>;
      json: boolean;
      progress: ProgressKind;
    }
  | { command: 'finish'; output: string; discard: boolean; progress: ProgressKind }
  | {
      command: 'verify';
      output: string;
      against: string | null;
      options: Pick<Partial<VerifyOptions>, 'maxMemory' | 'jobs' | 'piece'>;
      json: boolean;
      progress: ProgressKind;
    }
  | {
      command: 'view';
      volumes: string[];
      /** To be shown as segments; null: none. */
      labels: string | null;
      options: Partial<ConvertOptions>;
      port: number;
      browser: boolean;
      progress: ProgressKind;
    };

const didYouMean = (meant: string | null): string => (meant === null ? '' : `did you mean ${meant}? `);

/** Whether a word where a command is expected is a file or a folder, or is written as one. */
const looksLikePath = (word: string): boolean => !word.startsWith('-') && (/[./\\]/.test(word) || existsSync(word));

const isStoredName = (word: string): boolean => /\.(zarr|ozx)[\\/]?$/i.test(word);

/** A word that starts with a minus sign and is a value all the same: `-1000`, `-.5`, `-1e3`. */
const NEGATIVE = /^-(\d|\.\d)/;

/**
 * Understands a command line.
 * @throws UsageError that names the word at fault and what was expected.
 */
export function parse(args: readonly string[]): Invocation {
  const [first, ...rest] = args;
  if (first === undefined) {
    const names = COMMANDS.map(({ name }) => name).join(', ');
    throw new UsageError(`no command: expected ${names} or --help, which says what each does`);
  }
  if (first === '--help' || first === '-h' || first === 'help') {
    const topic = rest[0] ?? null;
    if (topic !== null && !findCommand(topic)) {
      throw new UsageError(`no command is called ${topic}`);
    }
    return { command: 'help', topic };
  }
  if (first === '--version' || first === '-V') {
    return { command: 'version' };
  }
  const spec = findCommand(first);
  if (!spec && looksLikePath(first)) {
    const word = shellWord(first);
    const does = isStoredName(first)
      ? `view ${word}, which shows it`
      : `convert ${word}, or view ${word}, which shows it and writes nothing`;
    throw new UsageError(
      `${first} is no command: write one before it, as info ${word}, which says what it is, or ${does}; --help says what each does`
    );
  }
  if (!spec) {
    const names = COMMANDS.map(({ name }) => name);
    const meant = closest(first, [...names, '--help', '--version']);
    throw new UsageError(`no command is called ${first}: ${didYouMean(meant)}expected ${names.join(', ')}`);
  }
  const { words, values } = split(spec, rest);
  if (values.has('help')) {
    return { command: 'help', topic: spec.name };
  }
  const json = values.has('json');
  const progress = (values.get('progress')?.[0] ?? (values.has('quiet') ? 'none' : 'bar')) as ProgressKind;
  if (spec.name === 'view') {
    const labels = values.get('labels')?.[0] ?? null;
    // Of a conversion it is a flag.
    values.delete('labels');
    if (words.length === 0 && labels === null) {
      throw new UsageError('view: expected the path of at least one OME-Zarr, TIFF or folder of slices');
    }
    const port = values.has('port') ? integer('--port', values.get('port')![0]) : 0;
    if (port < 0 || port > 65535) {
      throw new UsageError(`--port: ${port} is no port number (0 to 65535)`);
    }
    const options = toOptions(values);
    return { command: 'view', volumes: words, labels, options, port, browser: !values.has('no-browser'), progress };
  }
  if (spec.name === 'verify') {
    const [output, extra] = words;
    if (output === undefined) {
      throw new UsageError('verify: expected the path of an OME-Zarr');
    }
    if (extra !== undefined) {
      const [stored, source] = isStoredName(extra) && !isStoredName(output) ? [extra, output] : [output, extra];
      throw new UsageError(
        `verify: ${extra} is one word too many: the source is named with --against: verify ${shellWord(stored)} --against ${shellWord(source)}`
      );
    }
    const against = values.get('against')?.[0] ?? null;
    const piece = values.get('piece')?.[0];
    const options = { ...toOptions(values), ...(piece !== undefined && { piece: readPiece(piece) }) };
    return { command: 'verify', output, against, options, json, progress };
  }
  if (spec.name === 'part') {
    const [number, output, extra] = words;
    if (output === undefined || extra !== undefined) {
      throw new UsageError(
        'part: expected the number of a part, from 1, and the output that was planned: part 3 OUTPUT'
      );
    }
    const part = integer('part', number);
    return { command: 'part', part, output, scan: values.has('scan'), options: toOptions(values), json, progress };
  }
  if (spec.name === 'finish') {
    const [output, extra] = words;
    if (output === undefined || extra !== undefined) {
      throw new UsageError('finish: expected the output that was planned, and nothing more');
    }
    return { command: 'finish', output, discard: values.has('discard'), progress };
  }
  if (spec.name === 'report') {
    return { command: 'report', progress };
  }
  if (spec.name === 'plan' && !values.has('parts')) {
    throw new UsageError('plan: expected how many parts it is to be done in: --parts N');
  }
  const [sources] = values.get('batch') ?? [];
  if (sources !== undefined) {
    if (words.length > 1) {
      throw new UsageError(
        `${spec.name}: ${words[1]} is one word too many: with --batch expected a folder for the outputs, or none`
      );
    }
    const [folder = null] = words;
    const options = toOptions(values);
    if (spec.name === 'estimate') return { command: 'estimate-batch', sources, folder, options, json, progress };
    const report = values.get('report')?.[0] ?? null;
    return { command: 'batch', sources, folder, report, dryRun: values.has('dry-run'), options, progress };
  }
  for (const name of ['report', ...(spec.name === 'convert' ? ['dry-run'] : [])]) {
    if (values.has(name)) {
      throw new UsageError(`--${name}: is of --batch, which says what is converted`);
    }
  }
  const most = spec.name === 'info' ? 1 : 2;
  if (words.length === 0) {
    const or = spec.name === 'info' ? ', of a folder of slices or of an OME-Zarr' : ' or of a folder of slices';
    throw new UsageError(`${spec.name}: expected the path of a TIFF${or}`);
  }
  if (words.length > most) {
    const many = most === 1 ? '' : '. The slices of one volume are given by their folder, several volumes by --batch';
    throw new UsageError(`${spec.name}: ${words[most]} is one word too many: expected ${spec.usage}${many}`);
  }
  const options = toOptions(values);
  if (words.length > 1) {
    options.output = words[1];
  }
  if (spec.name === 'plan') {
    const parts = readParts(values.get('parts')![0]);
    const distributedScan = values.has('distributed-scan');
    const dryRun = values.has('dry-run');
    return { command: 'plan', source: words[0], options, parts, distributedScan, dryRun, json, progress };
  }
  if (spec.name === 'info') {
    return { command: 'info', source: words[0], options, files: !values.has('no-files'), json, progress };
  }
  return spec.name === 'estimate'
    ? { command: 'estimate', source: words[0], options, json, progress }
    : { command: 'convert', source: words[0], options, progress };
}

/** Parts the words of a command into positional ones and the options' values. */
function split(spec: CommandSpec, args: readonly string[]): { words: string[]; values: Map<string, string[]> } {
  const words: string[] = [];
  const values = new Map<string, string[]>();
  let i = 0;
  while (i < args.length) {
    const word = args[i++];
    if (word === '--') {
      words.push(...args.slice(i));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      words.push(word);
      continue;
    }
    const { option, given } = recognise(spec, word);
    const shown = spoken((option.key ?? option.name) as OptionName);
    if (option.values.length === 0 && given.length > 0) {
      throw new UsageError(`${shown} takes no value, and was given ${given[0]}`);
    }
    while (given.length < option.values.length) {
      const next = args[i];
      if (next === undefined || (next.startsWith('-') && !NEGATIVE.test(next))) {
        const wanted = option.values.length === 1 ? 'a value' : `${option.values.length} values`;
        throw new UsageError(`${shown} expects ${wanted}: ${shown} ${option.values.join(' ')}`);
      }
      given.push(next);
      i++;
    }
    if (option.choices && !option.choices.includes(given[0])) {
      throw new UsageError(`${shown}: ${given[0]} is not one of ${option.choices.join(', ')}`);
    }
    if (values.has(option.name) && option.values.length > 0) {
      throw new UsageError(`${shown} is given twice`);
    }
    values.set(option.name, given);
  }
  return { words, values };
}

/** Options that other programs have for what is a word by its place here. */
const PLACES: Record<string, string | undefined> = {
  i: 'INPUT',
  input: 'INPUT',
  source: 'INPUT',
  o: 'OUTPUT',
  out: 'OUTPUT',
  output: 'OUTPUT'
};

/** The option of `--name`, `--name=value`, `-n`, `-nvalue`. */
function recognise(spec: CommandSpec, word: string): { option: OptionSpec; given: string[] } {
  const options = [...spec.options, ...COMMON_OPTIONS];
  const find = word.startsWith('--') ? /^--([^=]+)(?:=(.*))?$/s.exec(word) : /^-([A-Za-z])(?:=?(.+))?$/s.exec(word);
  const option = options.find(({ name, short }) => find !== null && (word.startsWith('--') ? name : short) === find[1]);
  if (!find || !option) {
    const place = find && PLACES[find[1]];
    if (place && spec.usage.includes(place)) {
      throw new UsageError(
        `${spec.name} has no option ${word.replace(/=.*/s, '')}: ${place} is given without one: microct-io-vis ${spec.name} ${spec.usage}`
      );
    }
    const meant = closest(
      word.replace(/=.*/s, ''),
      options.map(each => `--${each.name}`)
    );
    throw new UsageError(
      `${spec.name} has no option ${word.replace(/=.*/s, '')}: ${didYouMean(meant)}see microct-io-vis ${spec.name} --help`
    );
  }
  return { option, given: find[2] === undefined ? [] : [find[2]] };
}

/** How one of an option's words is read. Text is taken as it is; `choices` have been looked at before. */
const READ: Partial<Record<OptionKind, (name: string, word: string) => unknown>> = {
  integer,
  levels: (name, word) => (word === 'auto' ? 'auto' : integer(name, word, 'a whole number or auto')),
  channels: (name, word) =>
    word === 'all'
      ? 'all'
      : word.split(',').map(text => integer(name, text, 'all, or whole numbers with commas between them')),
  bytes: (name, word) => {
    const bytes = parseBytes(word);
    if (bytes === null) {
      throw new UsageError(`${name}: ${word} is not a size such as 8G, 512M or a number of bytes`);
    }
    return bytes;
  },
  lengths: integer,
  voxel: integer,
  ranges: integer,
  sizes: real,
  bounds: numberOrPercentage
};

/** The engine's options among those that are given. */
function toOptions(values: Map<string, string[]>): Partial<ConvertOptions> {
  const options: Record<string, unknown> = {};
  for (const { key, name, kind } of ENGINE_OPTIONS) {
    const words = values.get(name);
    if (!words) continue;
    const read = words.map(word => READ[kind]?.(spoken(key), word) ?? word);
    options[key] = read.length === 0 ? true : read.length === 1 ? read[0] : read;
  }
  return options;
}

/** `8`, or at least and at most: `4-16`. */
function readParts(word: string): number | [least: number, most: number] {
  const [, least, most] = /^(\d+)-(\d+)$/.exec(word) ?? [];
  if (most === undefined) return integer('--parts', word, 'a whole number, or two as 4-16');
  return [integer('--parts', least), integer('--parts', most)];
}

function readPiece(word: string): Piece {
  const [, number, of] = (/^(\d+)\/(\d+)$/.exec(word) ?? []).map(Number);
  if (of > 0 && number <= of) return { number, of };
  throw new UsageError(
    `--piece: ${word} is not I/N with I from 1 to N for a share of the chunks, nor 0/N for the metadata`
  );
}

/** `0.1%` stays as it is. */
function numberOrPercentage(name: string, word: string): number | string {
  if (!word.endsWith('%')) {
    return real(name, word);
  }
  real(name, word.slice(0, -1));
  return word;
}

function integer(name: string, word: string, wanted = 'a whole number'): number {
  const value = /^[+-]?\d+$/.test(word) ? Number(word) : NaN;
  if (!Number.isSafeInteger(value)) {
    throw new UsageError(`${name}: ${word} is not ${wanted}`);
  }
  return value;
}

function real(name: string, word: string): number {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word) ? Number(word) : NaN;
  if (!Number.isFinite(value)) {
    throw new UsageError(`${name}: ${word} is not a number`);
  }
  return value;
}
