import { randomUUID } from 'node:crypto';
import { ConvertError } from '../../model/errors.ts';
import { volumeCount } from '../../model/volume.ts';
import { leafCount, rootsOf, depthFirst } from '../../pyramid/blocks.ts';
import { idle } from '../../pyramid/idle-threads.ts';
import { changed, fingerprint } from '../../reader/fingerprint.ts';
import { type Control, Ending, PATIENCE } from '../control.ts';
import { Meter } from '../meter.ts';
import { adviceToPlanAnew } from '../unfinished.ts';
import { arrange, prepare } from '../prepare.ts';
import { truncated } from './division.ts';
import {
  DONE,
  type PartRecord,
  type PartsPlan,
  type RecordKind,
  SCANNED,
  type ScanRecord,
  recordName,
  writeRecord
} from './files.ts';
import { ended } from './ended.ts';
import { bytesOf, plannedOrFinished, readFinished } from './finished.ts';
import { withHeaders } from './headers.ts';
import { within } from './limits.ts';
import { scannedRange } from './merge.ts';
import { openStore } from './open-store.ts';
import { PartRun } from './part-run.ts';
import type { PartsStore } from './store.ts';
import { Wanted } from './wanted.ts';

/** Result of a part; the JSON of `part --json`. */
export interface PartResult {
  /** Absolute path, or address, of the OME-Zarr that it is a part of. */
  output: string;
  part: number;
  parts: number;
  /** Whether its values were looked at, and nothing was written. */
  scan: boolean;
  /** Whether it had been done before, by this run's beginning or during it. */
  already: boolean;
  seconds: number;
  /** Of chunks. */
  bytesWritten: number;
  /** Warnings for a person. */
  warnings: string[];
}

export interface PartOptions {
  /** Looks for the value range in place of converting. */
  scan: boolean;
  /** Of this process; undefined: what was planned, within what the job has. */
  maxMemory?: number;
  jobs?: number | null;
}

/** Another run has done it. */
const elsewhere = Symbol('elsewhere');

/**
 * Converts one part of what was planned. It may be ended at any time, and run again, also by several at once: what is
 * done is not done again.
 *
 * @param part from 1
 * @throws ConvertError
 */
export async function convertPart(
  output: string,
  part: number,
  options: PartOptions,
  control: Control = {}
): Promise<PartResult> {
  const store = await openStore(output, true);
  return convertOne(store, part, options, control).finally(() => store.close());
}

async function convertOne(
  store: PartsStore,
  part: number,
  { scan, ...limits }: PartOptions,
  { signal, onProgress }: Control
): Promise<PartResult> {
  const began = performance.now();
  const { output, partial } = store;
  const { plan, finished } = await plannedOrFinished(store);
  const kind: RecordKind = scan ? SCANNED : DONE;
  checkNumber(plan, partial, part, scan);
  const told = (already: boolean, bytesWritten: number, warnings: string[] = []): PartResult => ({
    output,
    part,
    parts: plan.parts.length,
    scan,
    already,
    seconds: (performance.now() - began) / 1000,
    bytesWritten,
    warnings
  });
  const wanted = new Wanted(plan, store, part, kind);
  if (finished) return told(true, scan ? 0 : finished.bytes[part - 1]);
  const before = await wanted.record();
  if (before) return told(true, bytesOf(before));
  const { source, options } = plan.head.asked!;
  const limited = { ...options, ...within({ ...plan.limits, ...limits }) };
  idle.expect(limited.jobs);
  const prepared = await Ending.before(
    signal,
    withHeaders(plan, store, () => prepare(source, limited, { planned: plan.head }))
  );
  const { range } = scan ? { range: null } : await scannedRange(plan, store, prepared);
  const { settings, layout, info, workload } = prepared;
  const volumes = volumeCount(layout.outerShape);
  const whole = truncated(prepared.executionPlan, plan.level);
  const roots = [...rootsOf(whole.grids, volumes, plan.parts[part - 1])];
  const leaves = [...depthFirst(whole.grids, roots)].length;
  const jobs = Math.min(settings.jobs, leaves);
  const executionPlan =
    leaves < volumes * leafCount(whole.grids)
      ? truncated(arrange(info.source, settings, { ...workload, settings: { ...settings, jobs } }), plan.level)
      : whole;
  const others = await store.runs(part);
  const warnings = others.map(
    ({ running }) => `Part ${part} is also being done by ${running}: whoever is done first has done it.`
  );
  const ending = new Ending(signal);
  const own = randomUUID();
  let run: PartRun | null = null;
  let meter: Meter | null = null;
  try {
    const job = { plan, store, part, wanted, prepared: { ...prepared, executionPlan }, roots, range };
    run = await PartRun.begin(job, own, ending.end, () => ending.end(elsewhere));
    // Who finishes it looks for runs after it has seen that all is done: one of both sees the other.
    if (!(await wanted.ask())) throw elsewhere;
    if (onProgress) meter = new Meter(run, onProgress);
    const record = await ending.race<PartRecord | ScanRecord>(scan ? run.scan() : run.convert());
    const difference = changed(plan.head.source, fingerprint(layout));
    if (difference)
      throw new ConvertError(
        'resume-refused',
        `${partial}: part ${part} is not as it was planned, because ${difference}: ${adviceToPlanAnew(output)}`,
        'source'
      );
    await writeRecord(store, recordName(part, kind), own, record);
    meter?.report();
    return told(false, 'reports' in record ? bytesOf(record) : 0, warnings);
  } catch (error) {
    // Where that cannot be read either, it is not what the person should hear of.
    const other = await wanted.record().catch(() => null);
    if (other) return told(true, bytesOf(other), warnings);
    const gone = !(await store.isPlanned().catch(() => true));
    const done = gone ? await readFinished(store).catch(() => null) : null;
    if (done?.plan.id === plan.id) return told(true, scan ? 0 : done.bytes[part - 1], warnings);
    if (gone)
      throw new ConvertError(
        'not-found',
        `${partial}: is not there any more: it was finished or discarded while part ${part} was converted`,
        'output'
      );
    throw ended(run?.told(error) ?? error, partial, `part ${part} was`, 'what is done of it is kept');
  } finally {
    meter?.stop();
    ending.release();
    await run?.close(PATIENCE).catch(() => {});
  }
}

function checkNumber({ parts, scan: scans }: PartsPlan, partial: string, part: number, scan: boolean): void {
  if (!Number.isSafeInteger(part) || part < 1 || part > parts.length)
    throw new ConvertError(
      'bad-option',
      `${partial}: has parts from 1 to ${parts.length}, and no part ${part}`,
      'output'
    );
  if (scan && !scans)
    throw new ConvertError(
      'bad-option',
      `${partial}: its parts need no scan: what is done to their values is known: convert them`,
      'output'
    );
}
