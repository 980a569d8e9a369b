import { engineOption, labelOf } from '../model/option-table.ts';
import type { ConvertOptions } from '../model/options.ts';
import { COMMAND_LINE, type OptionName, type Vocabulary, spelled } from '../model/words.ts';

const isFlag = (name: OptionName): boolean => engineOption(name)?.values.length === 0;

/** Numbers, and letters that stand for numbers, are no text. */
const literal = (value: string): string =>
  /^(-?\d+(\.\d+)?([eE][+-]?\d+)?|[A-Z]\d?)$/.test(value) ? value : JSON.stringify(value);

/** The arguments of the Python functions. */
export const PYTHON: Vocabulary = {
  field: name => spelled(name, '_'),
  option: (name, values) => {
    if (name === 'batch') return 'convert_many';
    if (name === 'commands') return '';
    if (name === 'discard') return COMMAND_LINE.option(name, values);
    const argument = spelled(name, '_');
    if (values.length === 0) return isFlag(name) ? `${argument}=True` : argument;
    return `${argument}=${values.length === 1 ? literal(values[0]) : `(${values.map(literal).join(', ')})`}`;
  }
};

/** The labels of the form's fields. */
export const FORM: Vocabulary = {
  field: name => `“${label(name)}”`,
  option: (name, values) => {
    if (name === 'commands') return '';
    if (name === 'discard') return COMMAND_LINE.option(name, values);
    return name === 'batch' ? 'a selection of the files' : [`“${label(name)}”`, ...values].join(' ');
  }
};

/** A form has no field for these. */
const LABELS: Partial<Record<OptionName, string>> = { against: 'Against', batch: 'Batch', report: 'Report' };

const label = (name: OptionName): string => LABELS[name] ?? labelOf(name as keyof ConvertOptions);

const VOCABULARIES: Record<string, Vocabulary | undefined> = { python: PYTHON, form: FORM };

/** The words of who started this process, which the Python package names in its environment. */
export const asked = (): Vocabulary => VOCABULARIES[process.env.MICROCT_IO_VIS_WORDS ?? ''] ?? COMMAND_LINE;
