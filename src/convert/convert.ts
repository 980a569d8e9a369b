import { conclude, finishLabels, resultOf } from './conclude.ts';
import { Conversion } from './conversion.ts';
import { ConvertError, type ErrorCode } from '../model/errors.ts';
import { Meter } from './meter.ts';
import type { ConvertOptions } from '../model/options.ts';
import { type Prepared, prepare } from './prepare.ts';
import { type Control, Ending, PATIENCE } from './control.ts';
import type { ConvertResult } from '../model/progress.ts';
import { checkUnchanged } from './unchanged.ts';
import { type ConversionSource, isSent } from '../model/source-layout.ts';
import { option } from '../model/words.ts';
import { isBucketAddress } from '../model/address.ts';
import { idle } from '../pyramid/idle-threads.ts';
import { BucketOutput } from '../zarr/bucket/bucket-output.ts';
import { Destination } from '../zarr/destination.ts';
import type { UnfinishedOutput } from '../zarr/unfinished-output.ts';

/** Errors that may not come again; with all others another try fails at the same place, or is not wanted any more. */
const PASSING: ErrorCode[] = ['disk-full', 'output-unwritable', 'unreadable', 'not-found', 'internal'];

/**
 * Converts a TIFF volume into an OME-Zarr pyramid: level 0 has the region's voxels, each further level the mean of the
 * next finer stored one. Nothing has the output's name before all of it is written and on the disk.
 *
 * @param source a TIFF file, a folder of TIFF slices, the slices in order, or an array that another program sends
 * @throws ConvertError
 */
export async function convert(
  source: ConversionSource,
  options: Partial<ConvertOptions> = {},
  { signal, onProgress }: Control = {}
): Promise<ConvertResult> {
  const began = performance.now();
  idle.expect(options.jobs);
  const listed = await finishLabels(options.parent);
  const prepared = await Ending.before(signal, prepare(source, options)).catch((error: unknown) => {
    throw withListed(error, listed);
  });
  const { settings } = prepared;
  const destination = await begin(prepared);
  const ending = new Ending(signal);
  let conversion: Conversion | null = null;
  let meter: Meter | null = null;
  try {
    conversion = new Conversion(prepared, source, destination, ending.end);
    if (onProgress) meter = new Meter(conversion, onProgress);
    const written = await ending.race(conversion.run());
    await conversion.close(PATIENCE);
    meter?.report();
    checkUnchanged(prepared.info.source, prepared.layout, prepared.record.source);
    await conclude(destination, prepared, signal);
    return resultOf(prepared, written, began);
  } catch (error) {
    // An error while tidying up must not stand in for the first one.
    await conversion?.close(PATIENCE).catch(() => {});
    // A source that is sent comes only once: its conversion cannot be resumed.
    const kept =
      conversion !== null && !isSent(source) && isKept(error, conversion.resumable) && (await destination.keep());
    const left = kept ? null : await destination.discard().then(() => null, unremoved);
    throw outcome(destination.courier?.told(error) ?? error, settings.output, kept ? destination.partial : null, left);
  } finally {
    meter?.stop();
    ending.release();
  }
}

/** Takes the output's name for this conversion. */
async function begin({ settings, resumed }: Prepared): Promise<UnfinishedOutput> {
  const { output, overwrite, parent } = settings;
  if (isBucketAddress(output))
    return resumed ? BucketOutput.takeOver(output, resumed.length) : BucketOutput.claim(output, overwrite);
  return Destination[resumed ? 'takeOver' : 'claim'](output, overwrite, parent !== null);
}

/** An output that exists already is good news where it was finished just now. */
function withListed(error: unknown, listed: string[]): unknown {
  if (!(error instanceof ConvertError) || error.code !== 'output-exists') return error;
  if (error.about === null || !listed.includes(error.about)) return error;
  return error.with({
    problem: `${error.problem}. It is whole: a conversion was ended before it could list it among the image's labels, and it is listed now`
  });
}

const isInterrupted = (error: unknown): boolean => error instanceof ConvertError && error.code === 'interrupted';

/** Whether what is done is kept after an error; one that nobody foresaw may be of the moment, too. */
const isKept = (error: unknown, resumable: boolean): boolean =>
  isInterrupted(error) || (resumable && (!(error instanceof ConvertError) || PASSING.includes(error.code)));

/** Why what was written could not be removed; null where it is somebody else's by now. */
function unremoved(error: unknown): string | null {
  if (!(error instanceof ConvertError)) return String(error);
  return error.code === 'output-exists' ? null : error.said;
}

/**
 * The error that ended a conversion, with what has become of what was done. One that was cancelled is about the output
 * where something stays that should not.
 */
function outcome(error: unknown, output: string, kept: string | null, left: string | null): unknown {
  if (left && error instanceof ConvertError) {
    const problem = `${error.problem.replace(/\.$/, '')}; what it has written stays, since it could not be removed: ${left}`;
    return error.with({ problem, ...(error.code === 'cancelled' && { field: 'output' }) });
  }
  if (!kept) return error;
  const failure = error instanceof ConvertError ? error : new ConvertError('internal', String(error));
  const state = `what is done is kept as ${kept}: go on with it (${option('resume')})`;
  const named = isInterrupted(error) ? failure.with({ about: output }) : failure;
  return named.with({ problem: `${failure.problem}; ${state}` });
}
