import { rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { join } from 'node:path';
import { ConvertError, stopped } from '../../model/errors.ts';
import type { ConvertResult } from '../../model/progress.ts';
import { BELIEVED } from '../../zarr/owner.ts';
import { Destination } from '../../zarr/destination.ts';
import { type Control, Ending, PATIENCE } from '../control.ts';
import { conclude } from '../conclude.ts';
import { Conversion } from '../conversion.ts';
import { Meter } from '../meter.ts';
import { prepare } from '../prepare.ts';
import { finishing } from './division.ts';
import { DONE, type PartRecord, type PartsPlan, partFolder, partialOf, partsNamed, readPlan } from './files.ts';
import { within } from './limits.ts';
import { mergeParts, partNumbers } from './merge.ts';
import { runsOf } from './part-run.ts';

/** Between two looks whether a process that is still at a part has ended, in ms. */
const LOOK = 500;

/**
 * Makes of parts that are all converted one OME-Zarr: the levels above them, statistics and metadata, and its name when
 * all is on the disk.
 *
 * @throws ConvertError that names parts which are missing
 */
export async function finishParts(output: string, { signal, onProgress }: Control = {}): Promise<ConvertResult> {
  const began = performance.now();
  const partial = partialOf(output);
  const plan = readPlan(output);
  const { source, options } = plan.head.asked!;
  const given = { ...options, ...within(plan.limits) };
  const first = await prepare(source, given, { planned: plan.head });
  const { settings } = first;
  const merged = mergeParts(plan, partial, first);
  await settled(plan, partial, signal);
  const prepared = { ...first, executionPlan: finishing(first, plan.level) };
  const destination = await Destination.takeOver(output, settings.overwrite, settings.parent !== null, true);
  const ending = new Ending(signal);
  let conversion: Conversion | null = null;
  let meter: Meter | null = null;
  try {
    const check = (found: number, written: number) => {
      if (found === written) return;
      // Each looks by its journal at what is there.
      for (const part of partNumbers(plan)) redo(partial, part);
      throw new ConvertError(
        'corrupt',
        `${partial}: its chunks have ${found} bytes, where ${written} were written: some were changed or removed since. ` +
          'Run all parts again, which do what is damaged again and leave the rest as it is, then finish',
        'output'
      );
    };
    conversion = new Conversion(prepared, source, destination, ending.end, { ...merged, check });
    if (onProgress) meter = new Meter(conversion, onProgress);
    if (signal?.aborted) throw stopped(signal);
    const damaged = await ending.race(conversion.damaged());
    if (damaged.length > 0) throw refused(partial, merged.records, damaged);
    const written = await ending.race(conversion.run());
    await conversion.close(PATIENCE);
    meter?.report();
    return await conclude(destination, prepared, written, began, signal);
  } catch (error) {
    await conversion?.close(PATIENCE).catch(() => {});
    destination.keep();
    throw error;
  } finally {
    meter?.stop();
    ending.release();
  }
}

/** Removes what was planned, and what is converted of it. @throws ConvertError where nothing is planned */
export async function discardParts(output: string): Promise<void> {
  const { options } = readPlan(output).head.asked!;
  const destination = await Destination.takeOver(output, true, typeof options.parent === 'string', true);
  await destination.discard();
}

/** Ends when no process is at a part any more that others have done: it would write into what is finished. */
async function settled(plan: PartsPlan, partial: string, signal?: AbortSignal): Promise<void> {
  const until = Date.now() + BELIEVED + LOOK;
  for (;;) {
    const busy = partNumbers(plan).flatMap(part => runsOf(partial, part).map(({ running }) => ({ part, running })));
    if (busy.length === 0) return;
    if (signal?.aborted) throw stopped(signal);
    if (Date.now() > until)
      throw new ConvertError(
        'output-exists',
        `${partial}: part ${busy[0].part} is being done by ${busy[0].running}, though it is done: end that, then finish`,
        'output'
      );
    await wait(LOOK);
  }
}

/** Has a part done again, as far as it is damaged. */
const redo = (partial: string, part: number): void => rmSync(join(partFolder(partial, part), DONE), { force: true });

function refused(partial: string, records: PartRecord[], damaged: readonly object[]): ConvertError {
  const parts = records.flatMap(({ blocks }, n) => (blocks.some(block => damaged.includes(block)) ? [n + 1] : []));
  for (const part of parts) redo(partial, part);
  return new ConvertError(
    'corrupt',
    `${partial}: chunks of ${partsNamed(parts)} are not as they were written: run ${parts.length === 1 ? 'it' : 'them'} again, then finish`,
    'output'
  );
}
