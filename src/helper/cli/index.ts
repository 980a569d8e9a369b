import {
  type BatchEntry,
  type Progress,
  absolute,
  batchSources,
  convert,
  convertMany,
  convertPart,
  discardParts,
  Ending,
  estimate,
  estimateMany,
  finishParts,
  inspect,
  planMany,
  planParts,
  verify,
  writeReport
} from '../../convert/index.ts';
import { isStandIn, shownAddress } from '../../model/address.ts';
import { ConvertError } from '../../model/errors.ts';
import { COMMAND_LINE, type Vocabulary, inWords } from '../../model/words.ts';
import { wholeAddress } from '../../remote/stand-ins.ts';
import { toFailure } from '../failure.ts';
import { onParentGone } from '../parent.ts';
import { asked } from '../vocabulary.ts';
import { VERSION } from '../../model/version.ts';
import { batchRows, infoRows, partText, partsRows, planRows, toText, verdictText } from './describe.ts';
import { help } from './help.ts';
import type { Invocation, ProgressKind } from './parse.ts';
import { UsageError, parse } from './parse.ts';
import { createReporter } from './reporter.ts';
import { readSentArray } from './sent-array.ts';
import { readSentReport } from './sent-report.ts';
import { readSource } from './source.ts';
import { onStop } from './stop.ts';

/** Exit statuses, a contract with shells and other people's scripts. */
const DONE = 0;
const FAILED = 1;
const USAGE = 2;

/** Runs one command line; resolves to the exit status when all output is on its way. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const words = asked();
  // A reader that left early (`| head`) is no failure of ours; a result that nobody has is one.
  const lost: string[] = [];
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE') lost.push(code ?? message);
  });
  let invocation: Invocation;
  try {
    invocation = parse(args);
  } catch (error) {
    if (!(error instanceof UsageError)) {
      throw error;
    }
    const kind = wantsJson(args) ? 'json' : 'none';
    createReporter(kind, process.stderr).error(
      inWords({ code: 'bad-option', message: error.said, field: null }, words)
    );
    await drain();
    return USAGE;
  }
  const progress: ProgressKind = 'progress' in invocation ? invocation.progress : 'bar';
  const reporter = createReporter(progress, process.stderr);
  const stop = onStop(process.stderr);
  try {
    const { text, status = DONE } = await run(invocation, reporter, words, stop.signal);
    if (text !== null) {
      process.stdout.write(`${text}\n`);
    }
    await drain();
    if (lost.length > 0)
      throw new ConvertError('output-unwritable', `standard output cannot be written (${lost[0]}): send it elsewhere`);
    return status;
  } catch (error) {
    const failure = inWords(toFailure(error), words);
    reporter.error(failure);
    await drain();
    return failure.code === 'cancelled' || failure.code === 'interrupted' ? stop.status : FAILED;
  } finally {
    stop.dispose();
  }
}

/** Does what was asked; the result, for standard output, and the exit status where it is not 0. */
async function run(
  invocation: Invocation,
  reporter: ReturnType<typeof createReporter>,
  words: Vocabulary,
  signal: AbortSignal
): Promise<{ text: string | null; status?: number }> {
  const say = <T>(said: T): T => inWords(said, words);
  switch (invocation.command) {
    case 'help':
      // A terminal that does not know says 0, and what is none has no such number.
      return { text: help(invocation.topic, process.stdout.columns || undefined) };
    case 'version':
      return { text: VERSION };
    case 'info': {
      const { source, options, files } = invocation;
      const info = say(await Ending.before(signal, inspect(readSource(source), options, { files })));
      return { text: invocation.json ? JSON.stringify(info) : toText(infoRows(info)) };
    }
    case 'estimate': {
      const plan = say(await Ending.before(signal, estimate(readSource(invocation.source), invocation.options)));
      return { text: invocation.json ? JSON.stringify(plan) : toText(planRows(plan)) };
    }
    case 'convert': {
      const { source, options } = invocation;
      const result = await convert(source === '-' ? readSentArray() : readSource(source), options, {
        signal,
        onProgress: progress => reporter.progress(progress)
      });
      reporter.done(say(result));
      return { text: result.output };
    }
    case 'batch': {
      const { folder, report, dryRun, options } = invocation;
      const sources = readSources(invocation.sources);
      const told = toldTo(words);
      if (dryRun) {
        const planned = planMany(sources, folder);
        planned.forEach((entry, n) => reporter.entry(`${n + 1} of ${sources.length}`, told(entry), null));
        return { text: planned.map(({ source, output }) => output ?? source).join('\n') };
      }
      const entries = await convertMany(sources, folder, options, report, {
        signal,
        words,
        onProgress: progress => reporter.progress(progress),
        onEntry: (number, entry, result) =>
          reporter.entry(`${number + 1} of ${sources.length}`, told(entry), say(result))
      });
      const status = entries.some(({ state }) => state === 'failed') ? FAILED : DONE;
      const whole = entries.flatMap(({ output, state }) => (state === 'failed' || output === null ? [] : [output]));
      return { text: whole.length > 0 ? whole.join('\n') : null, status };
    }
    case 'estimate-batch': {
      const { folder, options, json } = invocation;
      const entries = await estimateMany(readSources(invocation.sources), folder, options, { signal, words });
      const status = entries.some(({ state }) => state === 'failed') ? FAILED : DONE;
      return { text: json ? JSON.stringify(entries.map(toldTo(words))) : toText(batchRows(entries)), status };
    }
    case 'report': {
      const { report, entries } = readSentReport();
      writeReport(report, entries);
      return { text: null };
    }
    case 'plan': {
      const { source, options, parts, distributedScan, dryRun, json } = invocation;
      const onProgress = (progress: Progress) => reporter.progress(progress);
      const read = readSource(source);
      const planned = say(await planParts(read, options, { parts, distributedScan, dryRun }, { signal, onProgress }));
      reporter.end();
      const key = typeof read === 'string' && isStandIn(read) ? shownAddress(read) : null;
      return { text: json ? JSON.stringify(planned) : toText(partsRows(planned, dryRun, key)) };
    }
    case 'part': {
      const { part, output, scan, options, json } = invocation;
      const onProgress = (progress: Progress) => reporter.progress(progress);
      const done = say(await convertPart(absolute(output), part, { scan, ...options }, { signal, onProgress }));
      reporter.end();
      return { text: json ? JSON.stringify(done) : partText(done) };
    }
    case 'finish': {
      const output = absolute(invocation.output);
      if (invocation.discard) {
        await discardParts(output);
        return { text: `${output}: what was planned for it is removed` };
      }
      const onProgress = (progress: Progress) => reporter.progress(progress);
      const result = await finishParts(output, { signal, onProgress, onWait: what => reporter.waits(what) });
      reporter.done(say(result));
      return { text: result.output };
    }
    case 'verify': {
      const { output, against, options, json } = invocation;
      const found = say(
        await verify(
          output,
          { ...options, against: against === null ? null : readSource(against) },
          { signal, onProgress: progress => reporter.progress(progress) }
        )
      );
      reporter.end();
      return { text: json ? JSON.stringify(found) : verdictText(found), status: found.ok ? DONE : FAILED };
    }
    case 'view': {
      const { view } = await import('../view/index.ts');
      const { port, browser, labels, options: reading } = invocation;
      // Of a program that shows the volumes itself it is a part.
      const gone = new AbortController();
      if (process.env.MICROCT_IO_VIS_CHILD) {
        onParentGone(() => gone.abort());
      }
      const ends = AbortSignal.any([signal, gone.signal]);
      await view(invocation.volumes.map(readSource), { port, browser, labels, reading, signal: ends });
      return { text: null };
    }
  }
}

/** The sources of a batch, each once. */
function readSources(word: string): string[] {
  const named = readSource(word);
  const sources = typeof named === 'string' ? batchSources(named) : named;
  return [...new Map(sources.map(source => [absolute(source), source])).values()];
}

/** Entries as they are told: to the Python that started this with the whole addresses, which it must know again. */
const toldTo =
  (words: Vocabulary) =>
  <Entry extends BatchEntry>(entry: Entry): Entry => ({
    ...entry,
    source: (words === COMMAND_LINE ? shownAddress : wholeAddress)(entry.source)
  });

/** Whether a command line that could not be understood asked for JSON events. */
function wantsJson(args: readonly string[]): boolean {
  return args.some((word, i) => word === '--progress=json' || (word === '--progress' && args[i + 1] === 'json'));
}

/** Resolves when all output has left the process: pipes are written to asynchronously. */
async function drain(): Promise<void> {
  const flush = (stream: NodeJS.WriteStream): Promise<void> =>
    new Promise(done => {
      if (stream.destroyed || !stream.writable) {
        done();
        return;
      }
      stream.write('', () => done());
    });
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
}
