import { createHash } from 'node:crypto';
import { ConvertError } from '../../model/errors.ts';
import type { Json } from '../../model/json.ts';
import type { ConvertResult } from '../../model/progress.ts';
import { option } from '../../model/words.ts';
import { FINISHED } from '../../zarr/finished-place.ts';
import { inspectOmeZarr } from '../ome-zarr-info.ts';
import { type PartRecord, type PartsPlan, listed, readPlan, readRecord, writeRecord } from './files.ts';
import type { PartsStore } from './store.ts';

/**
 * What is known, beside an output that was made in parts, of how it came to be: whoever plans, converts or finishes it
 * once more, as schedulers do, hears that it is done. It is of the latest plan for that name: planning anew removes it.
 */
export interface FinishedRecord {
  plan: PartsPlan;
  /** Of the image's metadata, by which it is told from an output that was made otherwise. */
  imageSha256: string;
  /** Of chunks, by part. */
  bytes: number[];
  result: ConvertResult;
}

const hashOf = (image: Json): string => createHash('sha256').update(JSON.stringify(image)).digest('hex');

/** Notes what is about to get its name. */
export function writeFinished(
  store: PartsStore,
  plan: PartsPlan,
  image: string,
  records: readonly PartRecord[],
  result: ConvertResult
): Promise<void> {
  const record: FinishedRecord = {
    plan,
    imageSha256: hashOf(JSON.parse(image) as Json),
    bytes: records.map(bytesOf),
    result
  };
  return writeRecord(store, FINISHED, plan.id, record);
}

/** Record of an output that is still as it was finished; null where there is none. */
export async function readFinished(store: PartsStore): Promise<FinishedRecord | null> {
  const record = await readRecord<FinishedRecord>(store, FINISHED);
  const image = record && (await store.image());
  return image && hashOf(image) === record.imageSha256 ? record : null;
}

/** @throws ConvertError `corrupt` where files of chunks are not there any more, as far as they can be listed */
export async function checkFiles({ output }: PartsStore): Promise<void> {
  const { levels } = await inspectOmeZarr(output);
  const lacking = levels.flatMap(({ bytes, missingFiles }, level) =>
    bytes !== null && missingFiles !== 0 ? [level] : []
  );
  if (lacking.length > 0)
    throw new ConvertError(
      'corrupt',
      `${output}: ${lacking.length === 1 ? 'level' : 'levels'} ${listed(lacking)} ${lacking.length === 1 ? 'lacks' : 'lack'} files of chunks that were there when it was finished: ` +
        `plan it anew (${option('overwrite')}), and have all parts done again`,
      'output'
    );
}

/** The plan for an output; of one that is finished also its record. @throws ConvertError as `readPlan` */
export async function plannedOrFinished(
  store: PartsStore
): Promise<{ plan: PartsPlan; finished: FinishedRecord | null }> {
  try {
    return { plan: await readPlan(store), finished: null };
  } catch (error) {
    const isGone = error instanceof ConvertError && error.code === 'not-found';
    const finished = isGone ? await readFinished(store) : null;
    if (!finished) throw error;
    return { plan: finished.plan, finished };
  }
}

/** Bytes of chunks that a part has written. */
export const bytesOf = ({ reports = [] }: Partial<PartRecord>): number =>
  reports.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
