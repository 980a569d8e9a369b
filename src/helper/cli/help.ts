import type { OptionSpec } from './options.ts';
import { COMMANDS, COMMON_OPTIONS, findCommand } from './options.ts';

const INPUT =
  'INPUT is a TIFF, a folder of slices, or @FILE: a text file that names slices, one path a line (@-: standard input).';

const VOLUME =
  'VOLUME is an OME-Zarr; or a TIFF, a folder of slices, or @FILE, which are shown as they are: nothing is written.';

/** Text about a command before its options, where it says more than what INPUT is. */
const ABOUT: Record<string, string[] | undefined> = {
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

/** The help text of a command, or of the program. */
export function help(topic: string | null): string {
  const command = topic === null ? undefined : findCommand(topic);
  if (!command) {
    return [
      'Converts micro-CT volumes (TIFF) to OME-Zarr pyramids and shows them.',
      '',
      'usage: microct-io-vis COMMAND ...',
      '',
      ...table(COMMANDS.map(({ name, usage, summary }) => [`${name} ${usage}`, summary])),
      '',
      ...table([
        ['COMMAND --help', "show a command's options"],
        ['--version', 'show the version']
      ]),
      '',
      'exit status: 0 done, 1 failed, or verify found differences, 2 wrong usage, 130 cancelled (Ctrl-C),',
      '             128 + signal ended by another one, with what is done kept for --resume'
    ].join('\n');
  }
  const options = [...command.options, COMMON_OPTIONS[0]];
  return [
    `usage: microct-io-vis ${command.name} ${command.usage} [options]`,
    '',
    `${command.summary[0].toUpperCase()}${command.summary.slice(1)}.`,
    '',
    ...(ABOUT[command.name] ?? [INPUT]),
    '',
    'options:',
    ...table(options.map(option => [flags(option), option.help]))
  ].join('\n');
}

/** `-c, --chunk-size Z Y X` */
export function flags({ name, short, values }: OptionSpec): string {
  return [short ? `-${short}, --${name}` : `    --${name}`, ...values].join(' ');
}

function table(rows: string[][]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
