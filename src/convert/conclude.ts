import { isBucketAddress } from '../model/address.ts';
import { stopped } from '../model/errors.ts';
import type { OmeZarrVersion } from '../model/options.ts';
import type { ConvertResult } from '../model/progress.ts';
import { listBucketLabels } from '../zarr/bucket/labels.ts';
import { listLabels } from '../zarr/labels-group.ts';
import type { UnfinishedOutput } from '../zarr/unfinished-output.ts';
import type { Conversion } from './conversion.ts';
import type { Prepared } from './prepare.ts';

/** Names all whole label images of an image in its list; see `listLabels`. */
export const listLabelsOf = (image: string, version: OmeZarrVersion): Promise<string[]> =>
  (isBucketAddress(image) ? listBucketLabels : listLabels)(image, version);

/**
 * Gives an output of which all is written its name, as one file where it is to be one, and lists labels in their image;
 * the result.
 *
 * @param began when it was, by `performance.now()`
 */
export async function conclude(
  destination: UnfinishedOutput,
  { settings, levels, plan }: Prepared,
  { report, range, statistics }: Awaited<ReturnType<Conversion['run']>>,
  began: number,
  signal: AbortSignal | undefined
): Promise<ConvertResult> {
  if (destination.isArchive)
    await destination.pack(settings.omeZarr, () => {
      if (signal?.aborted) throw stopped(signal);
    });
  await destination.finish();
  if (settings.parent) await listLabelsOf(settings.parent.path, settings.parent.version);
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
}
