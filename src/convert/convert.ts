import { Conversion } from './conversion.ts';
import { type ConvertError, cancelled } from './errors.ts';
import { Meter } from './meter.ts';
import type { ConvertOptions } from './options.ts';
import { prepare } from './prepare.ts';
import type { ConvertResult, Progress } from './progress.ts';
import { Destination } from './zarr/destination.ts';
import { listLabels } from './zarr/labels-group.ts';

/** How long a cancelled worker may go on with what it does before it is ended, in ms. */
const PATIENCE = 500;

/** How a caller follows a conversion and ends it. */
export interface Control {
  /** Ends the conversion within about a second; nothing is left behind. */
  signal?: AbortSignal;
  /** Called five times a second at most. */
  onProgress?: (progress: Progress) => void;
}

/**
 * Converts a TIFF volume into an OME-Zarr pyramid: level 0 has the region's voxels, each further level the mean of the stored one above.
 * Nothing has the output's name before all of it is written and on the disk.
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
  const prepared = await prepare(source, options);
  if (signal?.aborted) throw cancelled();
  const { settings, levels, plan } = prepared;
  const claim = prepared.resumed ? 'takeOver' : 'claim';
  const destination = await Destination[claim](settings.output, settings.overwrite, settings.parent !== null);
  let end: (error: ConvertError) => void = () => {};
  const ended = new Promise<never>((_, reject) => (end = reject));
  ended.catch(() => {});
  const onAbort = () => end(cancelled());
  signal?.addEventListener('abort', onAbort);
  let conversion: Conversion | null = null;
  let meter: Meter | null = null;
  try {
    conversion = new Conversion(prepared, source, destination, end);
    if (onProgress) meter = new Meter(conversion, onProgress);
    if (signal?.aborted) throw cancelled();
    const { report, range, statistics } = await Promise.race([conversion.run(), ended]);
    await conversion.dismiss(PATIENCE);
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
    await conversion?.dismiss(PATIENCE).catch(() => {});
    await destination.discard().catch(() => {});
    throw error;
  } finally {
    meter?.stop();
    signal?.removeEventListener('abort', onAbort);
  }
}
