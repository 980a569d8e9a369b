import { addReport, emptyReport } from '../../pyramid/task.ts';
import { ConvertError } from '../../model/errors.ts';
import { toWhoRunsCommands } from '../../model/words.ts';
import type { Scan } from '../block-run.ts';
import type { Merged } from '../conversion.ts';
import type { Prepared } from '../prepare.ts';
import { rangeOf } from '../value-range.ts';
import {
  DONE,
  type PartRecord,
  type PartsPlan,
  SCANNED,
  type ScanRecord,
  type RecordKind,
  partsNamed,
  recordsOf,
  unpacked
} from './files.ts';
import type { PartsStore } from './store.ts';

/** Parts are counted from 1. */
export const partNumbers = ({ parts }: PartsPlan): number[] => parts.map((_, n) => n + 1);

/** The parts that are converted, or scanned. */
export const partsWith = async (plan: PartsPlan, store: PartsStore, kind: RecordKind): Promise<number[]> =>
  (await recordsOf(plan, store, kind)).flatMap((record, n) => (record ? [n + 1] : []));

/** The records of all parts. @throws ConvertError that names those that are not there */
async function all<T extends { id: string }>(
  plan: PartsPlan,
  store: PartsStore,
  kind: RecordKind,
  missing: (parts: number[]) => string
): Promise<T[]> {
  const found = await recordsOf<T>(plan, store, kind);
  const left = found.flatMap((record, n) => (record ? [] : [n + 1]));
  if (left.length > 0) throw new ConvertError('not-found', `${store.partial}: ${missing(left)}`, 'output');
  return found as T[];
}

/** Value range by a scan of all parts, with its warnings. @throws ConvertError where one is not scanned yet */
export async function scannedRange(
  plan: PartsPlan,
  store: PartsStore,
  prepared: Prepared
): Promise<{ range: [number, number] | null; warnings: string[] }> {
  const { scaling } = prepared.settings;
  if (!plan.scan || !scaling || scaling.range) return { range: plan.range, warnings: plan.warnings };
  const records = await all<ScanRecord>(
    plan,
    store,
    SCANNED,
    parts =>
      `${partsNamed(parts)} of ${plan.parts.length} ${parts.length === 1 ? 'is' : 'are'} not scanned yet, and the value range is not known before: ${parts.length === 1 ? 'it is' : 'they are'} to be scanned first`
  );
  const sums: Scan = { min: Infinity, max: -Infinity, counts: new Float64Array(0) };
  const values: Float64Array[] = [];
  for (const record of records) {
    sums.min = Math.min(sums.min, record.min ?? Infinity);
    sums.max = Math.max(sums.max, record.max ?? -Infinity);
    sums.counts = sum(sums.counts, unpacked(record.counts));
    values.push(unpacked(record.values));
  }
  const sample = new Float64Array(values.reduce((length, found) => length + found.length, 0));
  let at = 0;
  for (const found of values) {
    sample.set(found, at);
    at += found.length;
  }
  return rangeOf(prepared, scaling.ends, sums, sample);
}

function sum(a: Float64Array, b: Float64Array): Float64Array {
  const [longer, shorter] = a.length >= b.length ? [a, b] : [b, a];
  shorter.forEach((n, at) => (longer[at] += n));
  return longer;
}

/** All parts put together. @throws ConvertError that names those that are not converted */
export async function mergeParts(
  plan: PartsPlan,
  store: PartsStore,
  prepared: Prepared
): Promise<Omit<Merged, 'check' | 'damaged' | 'synced'> & { records: PartRecord[] }> {
  const records = await all<PartRecord>(
    plan,
    store,
    DONE,
    parts =>
      `${partsNamed(parts)} of ${plan.parts.length} ${parts.length === 1 ? 'is' : 'are'} not converted${toWhoRunsCommands(`: run ${parts.length === 1 ? 'it' : 'them'} (microct-io-vis part), then finish`)}`
  );
  const reports = Array.from({ length: prepared.layout.outerShape.c }, emptyReport);
  const counts: Float64Array[] = reports.map(() => new Float64Array(0));
  for (const record of records)
    reports.forEach((report, channel) => {
      const { min, max, ...others } = record.reports[channel];
      addReport(report, { ...others, min: min ?? Infinity, max: max ?? -Infinity, checksum: 0 });
      counts[channel] = sum(counts[channel], unpacked(record.counts[channel]));
    });
  return {
    records,
    reports,
    counts,
    fill: sample => {
      for (const { points, values } of records) {
        const found = unpacked(values);
        unpacked(points).forEach((point, n) => (sample[point] = found[n]));
      }
    },
    blocks: records.flatMap(({ blocks }) => blocks),
    ...(await scannedRange(plan, store, prepared))
  };
}
