import { isBucketAddress } from '../model/address.ts';
import { stopped } from '../model/errors.ts';
import { type OmeZarrVersion, zarrFormatOf } from '../model/options.ts';
import type { ConvertResult } from '../model/progress.ts';
import { listBucketLabels } from '../zarr/bucket/labels.ts';
import { labelsPath, listLabels, unlistedLabels } from '../zarr/labels-group.ts';
import type { UnfinishedOutput } from '../zarr/unfinished-output.ts';
import type { Written } from './conversion.ts';
import { parentAt } from './parent.ts';
import type { Prepared } from './prepare.ts';

/** Names all whole label images of an image in its list; see `listLabels`. */
const listLabelsOf = (image: string, version: OmeZarrVersion): Promise<string[]> =>
  (isBucketAddress(image) ? listBucketLabels : listLabels)(image, version);

/** The result of a conversion of which all is written; `began`: by `performance.now()`. */
export const resultOf = (
  { settings, levels, plan }: Prepared,
  { report, range, statistics }: Written,
  began: number
): ConvertResult => ({
  output: settings.output,
  seconds: (performance.now() - began) / 1000,
  bytesWritten: report.bytesWritten,
  levels: levels.length,
  nanVoxels: range ? report.nan : 0,
  valueRange: range,
  statistics,
  warnings: plan.warnings
});

/**
 * Gives an output of which all is written its name, as one file where it is to be one, and lists labels in their image.
 */
export async function conclude(
  destination: UnfinishedOutput,
  { settings, plan }: Prepared,
  signal: AbortSignal | undefined
): Promise<void> {
  if (destination.isArchive)
    await destination.pack(settings.omeZarr, () => {
      if (signal?.aborted) throw stopped(signal);
    });
  plan.warnings.push(...(await destination.finish()));
  if (settings.parent) await listLabelsOf(settings.parent.path, settings.parent.version);
}

/** Lists label images that a conversion was ended before it could list; their paths. */
export async function finishLabels(image: string | null | undefined): Promise<string[]> {
  if (typeof image !== 'string') return [];
  try {
    const { path, version } = await parentAt(image);
    const isThere = isBucketAddress(path) || unlistedLabels(path, zarrFormatOf(version)).length > 0;
    return isThere ? (await listLabelsOf(path, version)).map(name => labelsPath(path, name)) : [];
  } catch {
    // Errors are told when the options are looked at.
    return [];
  }
}
