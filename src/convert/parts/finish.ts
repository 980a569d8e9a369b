import { setTimeout as wait } from 'node:timers/promises';
import { ConvertError } from '../../model/errors.ts';
import type { ConvertResult } from '../../model/progress.ts';
import { type Control, Ending, PATIENCE } from '../control.ts';
import { conclude, finishLabels, resultOf } from '../conclude.ts';
import { Conversion } from '../conversion.ts';
import { Meter } from '../meter.ts';
import { idle } from '../../pyramid/idle-threads.ts';
import { type Prepared, prepare } from '../prepare.ts';
import { IN_THE_WAY } from '../../zarr/occupied.ts';
import type { UnfinishedOutput } from '../../zarr/unfinished-output.ts';
import { finishing } from './division.ts';
import { ended } from './ended.ts';
import { DONE, type PartRecord, type PartsPlan, partsNamed, readPlan, recordName } from './files.ts';
import { type FinishedRecord, checkFiles, plannedOrFinished, writeFinished } from './finished.ts';
import { withHeaders } from './headers.ts';
import { within } from './limits.ts';
import { toWhoRunsCommands } from '../../model/words.ts';
import { mergeParts, partNumbers } from './merge.ts';
import { openStore } from './open-store.ts';
import { LOOK, StillThere, othersFinish, settled } from './settled.ts';
import type { PartsStore } from './store.ts';

/** Result of `finish`; what `--progress json` tells of it. */
export interface FinishResult extends ConvertResult {
  /** Whether it had been finished before. */
  already: boolean;
}

/** All that is to be finished. */
interface Taken {
  plan: PartsPlan;
  source: string | string[];
  prepared: Prepared;
  merged: Awaited<ReturnType<typeof mergeParts>>;
  /** Whether the parts' files are on the disk. */
  synced: boolean;
  destination: UnfinishedOutput;
}

/**
 * Makes of parts that are all converted one OME-Zarr: the levels above them, statistics and metadata, and its name when
 * all is on the disk. One that is finished is left as it is.
 *
 * @throws ConvertError that names parts which are missing
 */
export async function finishParts(output: string, control: Control = {}): Promise<FinishResult> {
  const store = await openStore(output, true);
  try {
    return await finish(store, control);
  } catch (error) {
    throw outcome(error, store);
  } finally {
    store.close();
  }
}

async function finish(store: PartsStore, control: Control): Promise<FinishResult> {
  const { signal, onProgress } = control;
  const began = performance.now();
  const { partial } = store;
  const found = await takeOver(store, control);
  if ('result' in found) {
    await store.clear().catch(() => {});
    const { output } = store;
    // A copy's image is another one.
    if (output === found.result.output) await finishLabels(found.plan.head.asked!.options.parent);
    return { ...found.result, output, already: true };
  }
  const { plan, source, prepared, merged, synced, destination } = found;
  const ending = new Ending(signal);
  let conversion: Conversion | null = null;
  let meter: Meter | null = null;
  try {
    const check = async (found: number, written: number) => {
      if (found === written) return;
      // Each looks by its journal at what is there.
      for (const part of partNumbers(plan)) await redo(store, part);
      throw new ConvertError(
        'corrupt',
        `${partial}: its chunks have ${found} bytes, where ${written} were written: some were changed or removed since${toWhoRunsCommands('. Run all parts again, which do what is damaged again and leave the rest as it is, then finish')}`,
        'output'
      );
    };
    conversion = new Conversion(prepared, source, destination, ending.end, {
      ...merged,
      check,
      damaged: blocks => refuse(store, merged.records, blocks),
      synced
    });
    if (onProgress) meter = new Meter(conversion, onProgress);
    const written = await ending.race(conversion.run());
    await conversion.close(PATIENCE);
    meter?.report();
    const result = resultOf(prepared, written, began);
    // Before it gets its name: whoever is ended after that has finished it. It is whole without that, too.
    await writeFinished(store, plan, written.image, merged.records, result).catch(() => {});
    await conclude(destination, prepared, signal);
    return { ...result, already: false };
  } catch (error) {
    await conversion?.close(PATIENCE).catch(() => {});
    await destination.keep();
    throw destination.courier?.told(error) ?? error;
  } finally {
    meter?.stop();
    ending.release();
  }
}

/** How often what somebody has just taken is looked at again, before that counts as an error. */
const TRIES = 5;

/** What there is to do, when this process alone does it; or the record of what is finished. */
async function takeOver(store: PartsStore, control: Control): Promise<FinishedRecord | Taken> {
  const { signal, onWait } = control;
  for (let tries = TRIES; ;) {
    const { plan, finished } = await cleared(store, plannedOrFinished(store));
    if (finished) {
      await checkFiles(store);
      return finished;
    }
    try {
      if (!(await othersFinish(store, signal, onWait))) return await take(store, plan, control);
      tries = TRIES;
    } catch (error) {
      const { code, about } = error as Partial<ConvertError>;
      // Another one may have been faster.
      const isLate = code === 'output-exists' || code === 'not-found';
      if (signal?.aborted || !isLate) throw error;
      if (!(await store.isPlanned()) || (await store.finisher())) {
        tries = TRIES;
        continue;
      }
      // That one may be putting its name in the place of who was there before.
      if (error instanceof StillThere || tries-- === 0 || code !== 'output-exists' || about === store.output)
        throw error;
      await wait(LOOK);
    }
  }
}

/** Takes what is planned, and all that the parts have done of it. */
async function take(store: PartsStore, plan: PartsPlan, { signal, onWait }: Control): Promise<Taken> {
  const { source, options } = plan.head.asked!;
  const given = { ...options, ...within(plan.limits) };
  // There may be a single block to read back.
  idle.expect(1);
  const first = await Ending.before(
    signal,
    withHeaders(plan, store, () => prepare(source, given, { planned: plan.head }))
  );
  const { overwrite, parent } = first.settings;
  const merged = await mergeParts(plan, store, first);
  await settled(store, signal, onWait);
  const severals = await Promise.all(partNumbers(plan).map(part => store.hadSeveral(part)));
  const prepared = { ...first, executionPlan: finishing(first, plan.level) };
  const destination = await store.takeOver(overwrite, parent !== null);
  return { plan, source, prepared, merged, synced: !severals.includes(true), destination };
}

/** The error that ended it, with what to do. */
function outcome(error: unknown, { output, partial }: PartsStore): unknown {
  if (error instanceof ConvertError && IN_THE_WAY.includes(error.code) && error.about === output)
    return error.with({
      problem: `has come to be since it was planned: move it${toWhoRunsCommands(', then finish what is converted')}`,
      field: 'output'
    });
  return ended(error, partial, 'finishing it was', 'the parts are kept');
}

/** Removes what was planned, and what is converted of it. @throws ConvertError where nothing is planned */
export async function discardParts(output: string): Promise<void> {
  const store = await openStore(output);
  try {
    const plan = await cleared(store, readPlan(store)).catch(async (error: unknown) => {
      if (!(error instanceof ConvertError) || !['corrupt', 'resume-refused'].includes(error.code)) throw error;
      // What cannot be read can be removed, if it is ours.
      if (await store.isOurs()) return null;
      throw error.with({
        about: store.partial,
        problem: 'has a plan that cannot be read, and may not be of this program: look what it is, and remove it'
      });
    });
    await store.discard(typeof plan?.head.asked?.options.parent === 'string');
  } finally {
    store.close();
  }
}

/** What is looked for; where no plan is there any more, nothing else stays either. */
async function cleared<T>(store: PartsStore, plan: Promise<T>): Promise<T> {
  try {
    return await plan;
  } catch (error) {
    if (error instanceof ConvertError && error.code === 'not-found') await store.clear().catch(() => {});
    throw error;
  }
}

/** Has a part done again, as far as it is damaged. */
const redo = (store: PartsStore, part: number): Promise<void> => store.remove(recordName(part, DONE));

async function refuse(store: PartsStore, records: PartRecord[], damaged: readonly object[]): Promise<never> {
  const parts = records.flatMap(({ blocks }, n) => (blocks.some(block => damaged.includes(block)) ? [n + 1] : []));
  for (const part of parts) await redo(store, part);
  throw new ConvertError(
    'corrupt',
    `${store.partial}: chunks of ${partsNamed(parts)} are not as they were written${toWhoRunsCommands(`: run ${parts.length === 1 ? 'it' : 'them'} again, then finish`)}`,
    'output'
  );
}
