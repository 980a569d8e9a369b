// Writes what is not TypeScript and yet knows the options, from the table of them (src/model/option-table.ts):
// `microct_io_vis/options.py`, the traits of the widget, in the signatures and docstrings of Python's functions the
// parameters, and JupyterLab's settings (schema/plugin.json). `--check`: writes nothing, and fails where any of it is
// stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { ROOT, prepareTools } from './environment.mjs';

await prepareTools(fileURLToPath(import.meta.url));
const { NO_KEY } = await import('../model/address.ts');
const { MOST_PARTS, WORTH_A_PART } = await import('../model/plan.ts');
const { MOST_TOLD } = await import('../model/difference.ts');
const { DEFAULT_OPTIONS } = await import('../model/options.ts');
const { COMMANDS } = await import('../helper/cli/options.ts');
const { ENDINGS } = await import('../model/file-endings.ts');
const { ENGINE_OPTIONS } = await import('../model/option-table.ts');

const WIDTH = 120;

/**
 * Of each kind: the type of an argument (in `types.py`), how a docstring says it, and what is to be said beside the
 * table's help.
 */
const KINDS = {
  flag: { type: 'bool', doc: 'bool' },
  decision: { type: 'bool', doc: 'bool' },
  choice: {},
  text: { type: 'str', doc: 'str' },
  path: { type: 'StrPath', doc: 'path-like' },
  slices: { type: 'Slices', doc: 'str, (int, int), range or slice', more: 'Of (first, last) both are included.' },
  image: { type: 'Image', doc: 'int or str' },
  integer: { type: 'Integer', doc: 'int' },
  levels: { type: 'Levels', doc: "int or 'auto'" },
  channels: { type: 'Channels', doc: "int, sequence of int or 'all'", more: "Such as 0, [0, 2] or ``'all'``." },
  bytes: { type: 'ByteCount', doc: 'int or str', more: 'A number is one of bytes.' },
  dtype: { doc: 'NumPy type' },
  version: { doc: 'float' },
  lengths: { type: 'Lengths', doc: 'int or (int, int, int)', more: 'Along (Z, Y, X), or one for all axes.' },
  voxel: { type: 'Voxel', doc: '(int, int, int)', more: 'Along (Z, Y, X), from 0.' },
  ranges: {
    type: 'Ranges',
    doc: '(int, int, int, int, int, int) or (slice, slice, slice)',
    more: '(z0, z1, y0, y1, x0, x1), or three slices with ends, such as ``numpy.s_[0:100, 0:50, 0:80]``.'
  },
  sizes: {
    type: 'Sizes',
    doc: 'float or (float, float, float)',
    more: 'Along (Z, Y, X), in ``unit``, or one for all.'
  },
  bounds: { type: 'Bounds', doc: '(float or str, float or str)', more: "A percentage is text, such as ``'99.9%'``." }
};

const snake = name => name.replaceAll('-', '_');
const pascal = name => name.replace(/(?:^|-)([a-z])/g, (_, letter) => letter.toUpperCase());
const quoted = text => (text.includes('"') ? `'${text}'` : `"${text}"`);

/** The alias of an option's choices, and of what its argument may be. */
const literalOf = ({ name, kind }) => pascal(name) + (kind === 'dtype' ? 'Name' : '');
function typeOf(option) {
  if (option.kind === 'dtype') return `${literalOf(option)} | NumPyType`;
  if (option.kind === 'version') return `${literalOf(option)} | float`;
  return option.choices ? literalOf(option) : KINDS[option.kind].type;
}

/**
 * The table's help in Python's words: `--unit` as ``unit``, and the default, which stands in brackets at its end, as
 * what None is.
 */
function helpOf({ kind, choices, help, meaning }) {
  const [, said, standard] = /^(.*?)(?: \(([^()]*)\))?$/s.exec(help);
  const text = (meaning ?? said).replace(/--([a-z][a-z-]*)/g, (_, name) => `\`\`${snake(name)}\`\``);
  const none = standard
    ?.replace(/^\d+( \d+)+$/, numbers => `(${numbers.replaceAll(' ', ', ')})`)
    .replace(/^(\S+%) (\S+%)$/, "('$1', '$2')");
  // A choice stays as it is written.
  const start = choices?.includes(text.split(/[:,]/)[0]) ? text[0] : text[0].toUpperCase();
  const sentence = `${start}${text.slice(1)}.`;
  return [sentence, KINDS[kind].more, none && `None: ${none}.`].filter(Boolean).join(' ');
}

/** Words in lines that end before `width`. */
function wrapped(text, width) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line ? `${line} ${word}` : word;
  }
  return lines;
}

function optionsModule() {
  const chosen = ENGINE_OPTIONS.filter(option => option.choices);
  const aliases = chosen.map(
    option => `${literalOf(option)}: TypeAlias = Literal[${option.choices.map(quoted).join(', ')}]`
  );
  const entry = option => {
    const text = helpOf(option);
    const room = WIDTH - '        "",'.length;
    const help = text.length <= room ? [text] : wrapped(text, room - 1);
    const lines = help.map((line, i) => quoted(i < help.length - 1 ? `${line} ` : line));
    const args = [quoted(option.kind), option.values.length, option.choices ? `get_args(${literalOf(option)})` : '()'];
    return [
      `    ${quoted(snake(option.name))}: Option(`,
      ...args.map(arg => `        ${arg},`),
      ...(lines.length === 1
        ? [`        ${lines[0]},`]
        : lines.map((line, i) => `        ${line}${i < lines.length - 1 ? '' : ','}`)),
      '    ),'
    ];
  };
  const used = new Set(ENGINE_OPTIONS.flatMap(option => typeOf(option).split(' | ')));
  const types = [...used].filter(
    type => !['bool', 'str', 'float'].includes(type) && !chosen.some(o => literalOf(o) === type)
  );
  return `"""The options of a conversion: their names, choices, types and help.

Written by src/build/options.mjs from the table of options, src/model/option-table.ts.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias, TypedDict, get_args

from .types import (
${types
  .sort((a, b) => (a < b ? -1 : 1))
  .map(type => `    ${type},`)
  .join('\n')}
)

${aliases.join('\n')}


class Options(TypedDict, total=False):
    """Keyword arguments of \`convert\` and \`estimate\`, given as \`\`**options\`\`."""

${ENGINE_OPTIONS.map(option => `    ${snake(option.name)}: ${typeOf(option)} | None`).join('\n')}


class Option(NamedTuple):
    """What is known of one option."""

    #: what its values are
    kind: str
    #: number of them on the command line; 0: a flag
    words: int
    choices: tuple[str, ...]
    help: str


#: What decides how a source is read: the options of \`info\`.
READING_OPTIONS = (${optionsOf('info')
    .map(({ name }) => quoted(snake(name)))
    .join(', ')})

#: What can be chosen of a source that is looked at as it is: the options of \`view\`.
LOOK_OPTIONS = (${optionsOf('view')
    .map(({ name }) => quoted(snake(name)))
    .join(', ')})

#: Endings of files that are volumes or slices.
ENDINGS = (${Object.values(ENDINGS)
    .flat()
    .map(ending => quoted(`.${ending}`))
    .join(', ')})

#: Names by which a query says which file of a repository is meant, and how it is sent.
NO_KEY = "${NO_KEY}"

#: Most parts of a volume, and bytes of voxels for which one more is worth its start.
MOST_PARTS = ${MOST_PARTS}
WORTH_A_PART = ${WORTH_A_PART / 2 ** 30} * 2**30

#: Bytes that a process takes where nobody says how many.
USUAL_MEMORY = ${DEFAULT_OPTIONS.maxMemory / 2 ** 30} * 2**30

#: Differences that a verification tells of, at most.
MOST_TOLD = ${MOST_TOLD}

OPTIONS: dict[str, Option] = {
${ENGINE_OPTIONS.flatMap(entry).join('\n')}
}
`;
}

/** Options of an array that is written. Labels have their image's levels and version. */
const OF_LABELS = ['chunkSize', 'shard', 'downsample', 'compression', 'checksum', 'maxMemory', 'jobs', 'overwrite'];
const OF_ARRAYS = {
  write_labels: OF_LABELS,
  write_image: [...OF_LABELS, 'levels', 'dtype', 'valueRange', 'voxelSize', 'unit', 'omeZarr']
};

/** The options of a command, or of a function that writes arrays, that are the engine's. */
const optionsOf = command =>
  ENGINE_OPTIONS.filter(option =>
    (
      OF_ARRAYS[command]?.map(wanted => ENGINE_OPTIONS.find(({ key }) => key === wanted)) ??
      COMMANDS.find(({ name }) => name === command).options
    ).includes(option)
  );

const BEGIN = name => `# The options of \`${name}\`; src/build/options.mjs writes them.`;
const END = '# End of the options.';

/** Puts lines between two marks, indented as these are. */
function between(file, text, begin, lines) {
  const start = text.indexOf(begin);
  const stop = text.indexOf(END, start);
  if (start < 0 || stop < 0) throw new Error(`${file} has no lines between "${begin}" and "${END}"`);
  const indent = text.slice(text.lastIndexOf('\n', start) + 1, start);
  const inside = lines.map(line => `${indent}${line}\n`).join('');
  return `${text.slice(0, start)}${begin}\n${inside}${indent}${text.slice(stop)}`;
}

/** Puts the parameters in the place of those in a docstring: from the first option's to the next empty line. */
function documented(file, text, options) {
  const first = new RegExp(`^( *)${snake(options[0].name)} : .*$`, 'm').exec(text);
  if (!first) throw new Error(`${file} says nothing of ${snake(options[0].name)} among its Parameters`);
  const stop = text.indexOf('\n\n', first.index);
  const lines = options.flatMap(option => {
    const choices = option.choices && `{${option.choices.map(choice => `'${choice}'`).join(', ')}}`;
    const type = [choices, KINDS[option.kind].doc].filter(Boolean).join(' or ');
    const help = wrapped(helpOf(option), WIDTH - first[1].length - 4).map(line => `${first[1]}    ${line}`);
    return [`${first[1]}${snake(option.name)} : ${type}, optional`, ...help];
  });
  return text.slice(0, first.index) + lines.join('\n') + text.slice(stop);
}

/** A function's or a class's signature and docstring. */
function signed(file, text, object, command) {
  const start = text.search(new RegExp(`^(def|class) ${object}\\b`, 'm'));
  if (start < 0) throw new Error(`${file} has no ${object}`);
  const rest = text.slice(start + 1).search(/^(def|class|@)/m);
  const stop = rest < 0 ? text.length : start + 1 + rest;
  const options = optionsOf(command);
  const parameters = options.map(option => `${snake(option.name)}: ${typeOf(option)} | None = None,`);
  let body = between(file, text.slice(start, stop), BEGIN(command), parameters);
  body = documented(file, body, options);
  return text.slice(0, start) + body + text.slice(stop);
}

/** Patterns of settings that are text, by the option's kind; an empty text is always allowed. */
const PATTERNS = {
  lengths: String.raw`\d+(\s*[\s,x×]\s*\d+\s*[\s,x×]\s*\d+)?`,
  levels: String.raw`auto|[1-9]\d*`,
  bytes: String.raw`\d+(\.\d*)?\s*([kKmMgGtT]([iI]?[bB])?)?`,
  integer: String.raw`[1-9]\d*`
};

/** The settings that are options, before those that are not. */
function schema(text) {
  const { properties, ...others } = JSON.parse(text);
  const settings = ENGINE_OPTIONS.filter(({ setting }) => setting).map(({ key, kind, label, choices, setting }) => {
    return [
      key,
      {
        type: 'string',
        title: label,
        description: `${setting.description} Empty: ${setting.empty}.`,
        ...(choices ? { enum: ['', ...choices] } : { pattern: `^\\s*(${PATTERNS[kind]})?\\s*$` }),
        default: ''
      }
    ];
  });
  const rest = Object.entries(properties).filter(([name]) => !ENGINE_OPTIONS.some(({ key }) => key === name));
  return format(JSON.stringify({ ...others, properties: Object.fromEntries([...settings, ...rest]) }), {
    ...JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).prettier,
    parser: 'json'
  });
}

const traits = ENGINE_OPTIONS.map(({ name, kind }) => `${snake(name)} = traits.${kind}("${snake(name)}")`);
const files = {
  'microct_io_vis/options.py': () => optionsModule(),
  'microct_io_vis/api.py': text =>
    ['info', 'estimate', 'convert', 'verify'].reduce((all, name) => signed('api.py', all, name, name), text),
  'microct_io_vis/batch.py': text => signed('batch.py', text, 'convert_many', 'convert'),
  'microct_io_vis/writing.py': text =>
    Object.keys(OF_ARRAYS).reduce((all, name) => signed('writing.py', all, name, name), text),
  'microct_io_vis/volume.py': text => signed('volume.py', text, 'open', 'view'),
  'microct_io_vis/widgets/viewer.py': text =>
    ['ViewerWidget', 'view'].reduce((all, name) => signed('widgets/viewer.py', all, name, 'view'), text),
  'microct_io_vis/conversion.py': text => signed('conversion.py', text, 'Conversion', 'convert'),
  'microct_io_vis/widgets/converter.py': text => signed('widgets/converter.py', text, 'ConverterWidget', 'convert'),
  'microct_io_vis/widgets/options.py': text => between('widgets/options.py', text, BEGIN('convert'), traits),
  'schema/plugin.json': schema
};

const check = process.argv.includes('--check');
let stale = false;
for (const [name, written] of Object.entries(files)) {
  const path = join(ROOT, name);
  const present = name.endsWith('vis/options.py') && !check ? '' : readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
  const text = await written(present);
  if (text === present) continue;
  if (check) {
    console.error(`${name} is not what the table of options says: run node src/build/options.mjs`);
    stale = true;
  } else {
    writeFileSync(path, text);
  }
}
process.exit(stale ? 1 : 0);
