import type { OptionSpec } from './options.ts';
import { COMMANDS, COMMON_OPTIONS, findCommand } from './options.ts';

const INPUT =
  'INPUT is a TIFF, a folder of slices, or @FILE: a text file that names slices, one path a line (@-: standard input, also with a NUL behind each).';

const VOLUME =
  'VOLUME is an OME-Zarr; or a TIFF, a folder of slices, or @FILE, which are shown as they are: nothing is written.';

const OUTPUT =
  "OUTPUT is the OME-Zarr to write: a new folder, or, without it, INPUT's name with .ome.zarr, beside INPUT.";

/** Text about a command before its options, where it says more than what INPUT is. */
const ABOUT: Record<string, string[] | undefined> = {
  convert: [INPUT, OUTPUT],
  estimate: [INPUT, OUTPUT],
  info: [`${INPUT.slice(0, -1)}; or an OME-Zarr.`],
  view: [VOLUME],
  plan: [
    INPUT,
    '',
    'OUTPUT is in a folder that all machines share, or in a bucket (s3://BUCKET/NAME.ome.zarr).',
    'Then run, where INPUT and OUTPUT have the same paths or addresses, in any order and at once:',
    '  microct-io-vis part I OUTPUT    for each I from 1 to N',
    'and when all are done:',
    '  microct-io-vis finish OUTPUT'
  ],
  part: [
    'Threads and memory are those of its job: of SLURM_CPUS_PER_TASK and SLURM_MEM_PER_NODE or _PER_CPU, or of its control group.',
    'A part that is done already is left as it is. Ended by SIGTERM it exits with 143, and goes on when it is run again.'
  ],
  finish: ['Where parts are missing it says which, and exits with 1.']
};

/** What a first volume goes through. */
const FIRST_STEPS: string[][] = [
  ['info scan.tif', 'what it is'],
  ['view scan.tif', 'its picture, as it is'],
  ['convert scan.tif scan.ome.zarr', 'the pyramid; slices/ in place of scan.tif where it is a folder of slices'],
  ['view scan.ome.zarr', "the pyramid's picture"],
  ['verify scan.ome.zarr', 'whether it is all there']
];

/** Characters that a line of a notebook's output has room for. */
export const NOTEBOOK = 80;

/** Columns that a line has at least, however narrow the terminal. */
const NARROWEST = 40;

/**
 * The help text of a command, or of the program.
 *
 * @param terminal its columns; lines are as long as they are where it is not known
 */
export function help(topic: string | null, terminal = Infinity): string {
  const columns = Math.max(NARROWEST, terminal);
  const command = topic === null ? undefined : findCommand(topic);
  if (!command) {
    return [
      'Converts micro-CT volumes (TIFF) to OME-Zarr pyramids and shows them.',
      '',
      'usage: microct-io-vis COMMAND ...',
      '',
      ...table(
        COMMANDS.map(({ name, usage, summary }) => [`${name} ${usage}`, summary]),
        columns
      ),
      '',
      ...table(
        [
          ['COMMAND --help', "show a command's options"],
          ['--version', 'show the version']
        ],
        columns
      ),
      '',
      'for a start:',
      ...table(
        FIRST_STEPS.map(([line, what]) => [`microct-io-vis ${line}`, what]),
        columns
      ),
      '',
      'exit status:',
      ...table(
        [
          ['0', 'done'],
          ['1', 'failed, or verify found differences'],
          ['2', 'wrong usage'],
          ['130', 'cancelled (Ctrl-C)'],
          ['128 + signal', 'ended by another one, with what is done kept for --resume']
        ],
        columns
      )
    ].join('\n');
  }
  const options = [...command.options, COMMON_OPTIONS[0]];
  return [
    `usage: microct-io-vis ${command.name} ${command.usage} [options]`,
    '',
    ...wrapped(`${command.summary[0].toUpperCase()}${command.summary.slice(1)}.`, columns),
    '',
    ...(ABOUT[command.name] ?? [INPUT]).flatMap(line => wrapped(line, columns)),
    '',
    'options:',
    ...table(
      options.map(option => [flags(option), option.help]),
      columns
    )
  ].join('\n');
}

/** `-c, --chunk-size Z Y X` */
export function flags({ name, short, values }: OptionSpec): string {
  return [short ? `-${short}, --${name}` : `    --${name}`, ...values].join(' ');
}

/** Rows of two columns; the second one is wrapped, and begins below the first where that leaves it no room. */
function table(rows: string[][], columns: number): string[] {
  const widest = Math.max(...rows.map(([left]) => left.length));
  const width = Math.min(widest, Number.isFinite(columns) ? Math.floor(0.6 * columns) : widest);
  const indent = ' '.repeat(width + 4);
  return rows.flatMap(([left, right]) => {
    const [first, ...rest] = wrapped(right, columns - indent.length).map(line => indent + line);
    const begin = `  ${left.padEnd(width)}  `;
    return left.length > width ? [`  ${left}`, first, ...rest] : [begin + first.slice(indent.length), ...rest];
  });
}

/** A text in lines of so many characters, parted between words. */
function wrapped(text: string, columns: number): string[] {
  if (text.length < columns) return [text];
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.length - 1;
    if (lines[last] === '') lines[last] = word;
    else if (lines[last].length + 1 + word.length < columns) lines[last] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}
