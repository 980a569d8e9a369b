import { resolve } from 'node:path';
import { convert, estimate, freeMemory, inspect, verify } from '../../convert/index.ts';
import { isAddress } from '../../model/address.ts';
import { ConvertError } from '../../model/errors.ts';
import { COMMAND_LINE, inWords } from '../../model/words.ts';
import { VERSION } from '../../model/version.ts';
import type { Job } from '../../protocol/index.ts';
import { differing } from '../../protocol/verdict.ts';
import { infoRows, planRows, progressText, resultText, toText, verdictText } from '../cli/describe.ts';
import { NOTEBOOK, help } from '../cli/help.ts';
import { findCommand } from '../cli/options.ts';
import type { Invocation, ProgressKind } from '../cli/parse.ts';
import { UsageError, parse } from '../cli/parse.ts';
import type { Engine, Jobs } from '../jobs.ts';
import { readSource } from '../cli/source.ts';
import { splitWords, unasked } from './words.ts';

/** Most characters of a cell. */
export const MOST_CODE = 2 ** 18;

/** The engine, in one piece. A kernel outlives its conversions, and must not hold their memory. */
export const ENGINE: Engine & { inspect: typeof inspect } = {
  inspect,
  estimate,
  convert: (...work) => convert(...work).finally(freeMemory),
  verify: (...work) => verify(...work).finally(freeMemory)
};

/** Output of a cell, by MIME type. */
export type Bundle = Record<string, string>;

export interface CellOutput {
  text(text: string): void;
  /** Shows something; the returned function shows something else in its place. */
  display(bundle: Bundle): (bundle: Bundle) => void;
  result(bundle: Bundle): void;
}

/**
 * Runs a cell: a command line a line, until one fails. A line may start with the program's name; `?`, `help`, `info?`
 * show help.
 * @throws UsageError or ConvertError; `cancelled` when the signal aborts
 */
export async function runCell(code: string, jobs: Jobs, output: CellOutput, signal: AbortSignal): Promise<void> {
  if (code.length > MOST_CODE) {
    throw new UsageError(`this cell has ${code.length} characters, and may have ${MOST_CODE}: part it`);
  }
  const lines = code.split(/\r?\n/).filter(line => splitWords(line).length > 0);
  for (const line of lines) {
    if (signal.aborted) {
      throw new ConvertError('cancelled', 'cancelled');
    }
    await runLine(parseLine(line), jobs, output, signal);
  }
}

/** The command of a cell's line. */
export function parseLine(line: string): Invocation {
  const text = line.trim();
  const topic = (text.startsWith('?') ? text.replace(/^\?+/, '') : unasked(text)).trim();
  if (topic !== text && /^[\w-]*$/.test(topic)) {
    return { command: 'help', topic: findCommand(topic) ? topic : null };
  }
  const words = splitWords(line);
  const open = words.at(-1)?.open;
  if (open) {
    throw new UsageError(`a quote (${open}) is not closed`);
  }
  const args = words.map(({ text }) => text);
  return parse(/^[!%]?microct-io-vis$/.test(args[0]) ? args.slice(1) : args);
}

async function runLine(invocation: Invocation, jobs: Jobs, output: CellOutput, signal: AbortSignal): Promise<void> {
  const say = <T>(said: T): T => inWords(said, COMMAND_LINE);
  switch (invocation.command) {
    case 'help':
      output.text(`${help(invocation.topic, NOTEBOOK)}\n`);
      return;
    case 'version':
      output.text(`${VERSION}\n`);
      return;
    case 'info': {
      const info = say(await inspect(readSource(invocation.source), invocation.options));
      output.result(invocation.json ? toJson(info) : toTable(infoRows(info)));
      return;
    }
    case 'estimate': {
      const plan = say(await estimate(readSource(invocation.source), invocation.options));
      output.result(invocation.json ? toJson(plan) : toTable(planRows(plan)));
      return;
    }
    case 'convert':
      output.result({ 'text/plain': await runConvert(invocation, jobs, output, signal) });
      return;
    case 'verify':
      await runVerify(invocation, jobs, output, signal);
      return;
    case 'batch':
    case 'estimate-batch':
    case 'report':
    case 'plan':
    case 'part':
    case 'finish': {
      const { command } = invocation;
      const words =
        command === 'batch' ? 'convert --batch' : command === 'estimate-batch' ? 'estimate --batch' : command;
      throw new UsageError(`${words} is for a terminal, or for the jobs of a cluster: microct-io-vis ${words}`);
    }
    case 'view':
      throw new UsageError(
        'view opens a browser on the machine of the server: in JupyterLab, right-click the folder and choose Open in Neuroglancer'
      );
  }
}

/** The findings are shown in any case; differences fail the cell. */
async function runVerify(
  { output: path, against, options, json, progress }: Extract<Invocation, { command: 'verify' }>,
  jobs: Jobs,
  output: CellOutput,
  signal: AbortSignal
): Promise<void> {
  const source = against === null ? null : readSource(against);
  const { id } = jobs.verify(isAddress(path) ? path : resolve(path), { ...options, against: source });
  const found = inWords((await follow(id, progress, jobs, output, signal)).verdict!, COMMAND_LINE);
  output.result(json ? toJson(found) : { 'text/plain': verdictText(found) });
  if (!found.ok) {
    throw new ConvertError('corrupt', `${path}: ${differing(found)}`);
  }
}

/** A conversion; its output's path. */
async function runConvert(
  { source, options, progress }: Extract<Invocation, { command: 'convert' }>,
  jobs: Jobs,
  output: CellOutput,
  signal: AbortSignal
): Promise<string> {
  const { id } = await jobs.start(readSource(source), options);
  return (await follow(id, progress, jobs, output, signal)).result!.output;
}

/** Shows a job of the queue that all clients see, until it is done. */
async function follow(
  id: string,
  progress: ProgressKind,
  jobs: Jobs,
  output: CellOutput,
  signal: AbortSignal
): Promise<Job> {
  const cancel = (): void => void jobs.cancel(id);
  signal.addEventListener('abort', cancel);
  let update: ((bundle: Bundle) => void) | null = null;
  const show = (job: Job): void => {
    if (progress === 'none') {
      return;
    }
    const bundle = jobBundle(inWords(job, COMMAND_LINE));
    if (update) {
      update(bundle);
    } else {
      update = output.display(bundle);
    }
  };
  const stop = jobs.listen(event => {
    if (event.event === 'job' && event.job.id === id) {
      show(event.job);
    }
  });
  try {
    if (signal.aborted) {
      cancel();
    }
    const job = await jobs.wait(id);
    if (job.state === 'done') {
      return job;
    }
    throw new ConvertError(job.error?.code ?? 'cancelled', job.error?.message ?? 'cancelled', job.error?.field);
  } finally {
    stop();
    signal.removeEventListener('abort', cancel);
  }
}

/** Where a job stands: a text, and before it a bar while it runs. */
function jobBundle({ state, progress, result }: Job): Bundle {
  const text =
    state === 'queued'
      ? 'waiting for another job to end'
      : result
        ? [...result.warnings.map(warning => `warning: ${warning}`), resultText(result)].join('\n')
        : state === 'running'
          ? progress
            ? progressText(progress)
            : 'starting'
          : state;
  const done = progress ? progress.doneBytes / Math.max(1, progress.totalBytes) : 0;
  const bar = state === 'running' ? `<progress max="1" value="${done}"></progress> ` : '';
  return { 'text/plain': text, 'text/html': `<div>${bar}${escape(text).replace(/\n/g, '<br>')}</div>` };
}

function toJson(value: object): Bundle {
  return { 'text/plain': JSON.stringify(value, null, 2) };
}

function toTable(rows: [name: string, value: string][]): Bundle {
  const cells = rows.map(
    ([name, value]) =>
      `<tr><th style="text-align: left">${escape(name)}</th><td style="text-align: left">${escape(value)}</td></tr>`
  );
  return { 'text/plain': toText(rows), 'text/html': `<table>${cells.join('')}</table>` };
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, c => `&#${c.charCodeAt(0)};`);
}
