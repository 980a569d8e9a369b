import { engineOption } from './option-table.ts';
import type { ConvertOptions } from './options.ts';

/**
 * Subjects of messages: an option, the source that an OME-Zarr is verified against, the way to convert many sources,
 * each as a volume of its own, and their report, what is said to who runs commands one after another, or the command
 * that discards what is planned.
 */
export type OptionName = keyof ConvertOptions | 'against' | 'batch' | 'commands' | 'discard' | 'report';

const NO_OPTIONS = ['batch', 'commands', 'discard', 'report'] as const satisfies readonly OptionName[];

/**
 * How a surface (command line, Python, form) names an option that a person gave or is to give, with the values to give.
 */
export interface Vocabulary {
  /** As what it is: `chunkSize must be ...`. */
  field(name: OptionName): string;
  /** As something to do: `--max-memory 512M`. */
  option(name: OptionName, values: readonly string[]): string;
}

const [OPEN, CLOSE, BETWEEN] = ['⟦', '⟧', '\u001f'];
const MARKED = new RegExp(`${OPEN}(-?)(\\w+)((?:${BETWEEN}[^${CLOSE}]*)?)${CLOSE}`, 'g');

/**
 * An option's name in a message. The engine knows no surface: it leaves a mark, for which `inWords` puts what the
 * option is called where the message is read.
 */
export const named = (name: OptionName): string => `${OPEN}${name}${CLOSE}`;

/** As `named`, for an option that a person may give, with values; of a flag without. */
export const option = (name: OptionName, ...values: (string | number)[]): string =>
  `${OPEN}-${[name, ...values].join(BETWEEN)}${CLOSE}`;

/** Text for who runs commands: a program that runs them for somebody says itself what comes next. */
export const toWhoRunsCommands = (text: string): string => option('commands', text);

/** `maxMemory` as the command line and Python write it. */
export const spelled = (name: OptionName, between: string): string =>
  (engineOption(name)?.name ?? name).replaceAll('-', between);

/** A word that a shell takes as it is. */
export const shellWord = (word: string): string =>
  /^[\w.,:/%+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** Words of errors, unless somebody asks for others. */
export const COMMAND_LINE: Vocabulary = {
  field: name => (name === 'output' ? 'OUTPUT' : `--${spelled(name, '-')}`),
  option: (name, values) => {
    if (name === 'commands') return values.join('');
    const words = [`--${spelled(name, '-')}`, ...values.map(shellWord)].join(' ');
    return name === 'discard' ? `microct-io-vis finish ${words}` : words;
  }
};

/** The options that a message speaks of. */
export const namesIn = (said: string): Exclude<OptionName, (typeof NO_OPTIONS)[number]>[] => [
  ...new Set(
    [...said.matchAll(MARKED)]
      .map(([, , name]) => name as OptionName)
      .filter(name => !(NO_OPTIONS as readonly string[]).includes(name))
      .map(name => name as Exclude<OptionName, (typeof NO_OPTIONS)[number]>)
  )
];

/** The same text, or the same object with the same in all its texts, in a surface's words. */
export function inWords<T>(said: T, vocabulary: Vocabulary): T {
  if (typeof said === 'string')
    return said.replace(MARKED, (_, kind: string, name: OptionName, values: string) =>
      kind ? vocabulary.option(name, values.split(BETWEEN).slice(1)) : vocabulary.field(name)
    ) as T;
  if (Array.isArray(said)) return said.map(each => inWords<unknown>(each, vocabulary)) as T;
  if (said === null || typeof said !== 'object' || ArrayBuffer.isView(said)) return said;
  return Object.fromEntries(Object.entries(said).map(([key, each]) => [key, inWords<unknown>(each, vocabulary)])) as T;
}
