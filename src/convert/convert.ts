import { join } from 'node:path';
import { Conversion } from './conversion.ts';
import { ConvertError, type ErrorCode, stopped } from '../model/errors.ts';
import { Meter } from './meter.ts';
import { type ConvertOptions, zarrFormatOf } from '../model/options.ts';
import { prepare } from './prepare.ts';
import type { ConvertResult, Progress } from '../model/progress.ts';
import { option } from '../model/words.ts';
import { Destination } from '../zarr/destination.ts';
import { labelsFolder, listLabels, unlistedLabels } from '../zarr/labels-group.ts';
import { readParent } from '../zarr/parent.ts';

/** How long a cancelled worker may go on with what it does before it is ended, in ms. */
const PATIENCE = 500;

/**
 * What may be otherwise when it is tried again; all else would fail again at the same place, or is not wanted any more.
 */
const PASSING: ErrorCode[] = ['disk-full', 'output-unwritable', 'unreadable', 'not-found', 'internal'];

/** How a caller follows a conversion and ends it. */
export interface Control {
  /**
   * Ends the conversion within about a second; nothing is left behind. Where the signal's reason is a ConvertError
   * `interrupted`, what is done is kept to be resumed.
   */
  signal?: AbortSignal;
  /** Called five times a second at most. */
  onProgress?: (progress: Progress) => void;
}

/**
 * Converts a TIFF volume into an OME-Zarr pyramid: level 0 has the region's voxels, each further level the mean of the
 * next finer stored one. Nothing has the output's name before all of it is written and on the disk.
 *
 * @param source a TIFF file, a folder of TIFF slices, or the slices in order
 * @throws ConvertError
 */
export async function convert(
  source: string | string[],
  options: Partial<ConvertOptions> = {},
  { signal, onProgress }: Control = {}
): Promise<ConvertResult> {
  const began = performance.now();
  const listed = await finishLabels(options.parent);
  const prepared = await prepare(source, options).catch((error: unknown) => {
    throw withListed(error, listed);
  });
  if (signal?.aborted) throw stopped(signal);
  const { settings, levels, plan } = prepared;
  const claim = prepared.resumed ? 'takeOver' : 'claim';
  const destination = await Destination[claim](settings.output, settings.overwrite, settings.parent !== null);
  let end: (error: ConvertError) => void = () => {};
  const ended = new Promise<never>((_, reject) => (end = reject));
  ended.catch(() => {});
  const onAbort = () => end(stopped(signal!));
  signal?.addEventListener('abort', onAbort);
  let conversion: Conversion | null = null;
  let meter: Meter | null = null;
  try {
    conversion = new Conversion(prepared, source, destination, end);
    if (onProgress) meter = new Meter(conversion, onProgress);
    if (signal?.aborted) throw stopped(signal);
    const { report, range, statistics } = await Promise.race([conversion.run(), ended]);
    await conversion.close(PATIENCE);
    meter?.report();
    await destination.finish();
    if (settings.parent) await listLabels(settings.parent.path, settings.parent.version);
    return {
      output: settings.output,
      seconds: (performance.now() - began) / 1000,
      bytesWritten: report.bytesWritten,
      levels: levels.length,
      nanVoxels: range ? report.nan : 0,
      valueRange: range,
      statistics,
      warnings: plan.warnings
    };
  } catch (error) {
    // What goes wrong while tidying up must not stand in for what went wrong first.
    await conversion?.close(PATIENCE).catch(() => {});
    const kept = conversion !== null && isKept(error, conversion.resumable) && destination.keep();
    if (!kept) await destination.discard().catch(() => {});
    throw outcome(error, settings.output, kept ? destination.partial : null);
  } finally {
    meter?.stop();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Lists label images that a conversion was ended before it could list; their paths. */
async function finishLabels(image: string | null | undefined): Promise<string[]> {
  if (typeof image !== 'string') return [];
  try {
    const { path, version } = readParent(image);
    if (unlistedLabels(path, zarrFormatOf(version)).length === 0) return [];
    return (await listLabels(path, version)).map(name => join(labelsFolder(path), name));
  } catch {
    // What is wrong is told when the options are looked at.
    return [];
  }
}

/** That something exists already is good news where it was finished just now. */
function withListed(error: unknown, listed: string[]): unknown {
  if (!(error instanceof ConvertError) || error.code !== 'output-exists') return error;
  const path = listed.find(name => error.message.startsWith(`${name}:`));
  if (path === undefined) return error;
  const message = `${error.said}. It is whole: a conversion was ended before it could list it among the image's labels, and it is listed now`;
  return new ConvertError(error.code, message, error.field);
}

const isInterrupted = (error: unknown): boolean => error instanceof ConvertError && error.code === 'interrupted';

/** Whether what is done is kept after an error; one that nobody foresaw may be of the moment, too. */
const isKept = (error: unknown, resumable: boolean): boolean =>
  isInterrupted(error) || (resumable && (!(error instanceof ConvertError) || PASSING.includes(error.code)));

/** The error that ended a conversion, with what has become of what was done. */
function outcome(error: unknown, output: string, kept: string | null): unknown {
  if (!kept) return error;
  const failure = error instanceof ConvertError ? error : new ConvertError('internal', String(error));
  const said = isInterrupted(error) ? `${output}: ${failure.said}` : failure.said;
  const state = `what is done is kept as ${kept}: go on with it (${option('resume')})`;
  return new ConvertError(failure.code, `${said}; ${state}`, failure.field);
}
