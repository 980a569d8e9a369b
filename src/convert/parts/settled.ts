import { setTimeout as wait } from 'node:timers/promises';
import { ConvertError, stopped } from '../../model/errors.ts';
import { BELIEVED, type Running } from '../../zarr/owner.ts';
import type { PartsStore } from './store.ts';

/** The error that somebody is still at a part who was waited for as long as anybody is. */
export class StillThere extends ConvertError {}

/** Between two looks at what others do, in ms. */
export const LOOK = 500;

/** For how long it is waited without a word, in ms: whoever is done elsewhere, ends by itself. */
const UNSAID = 4_000;

/**
 * Ends when no other process finishes, or discards, the same; whether one did.
 *
 * @param onWait see `settled`
 */
export async function othersFinish(
  store: PartsStore,
  signal?: AbortSignal,
  onWait?: (what: string) => void
): Promise<boolean> {
  const began = Date.now();
  let isSaid = false;
  for (let looks = 0; ; looks++) {
    const busy = await store.finisher();
    if (!busy) return looks > 0;
    if (signal?.aborted) throw stopped(signal);
    if (Date.now() - began > UNSAID && !isSaid) {
      onWait?.(`waiting for ${busy.running}, which is finishing it${ifKilled(busy)}`);
      isSaid = true;
    }
    await wait(LOOK);
  }
}

const ifKilled = ({ elsewhere }: Running): string =>
  elsewhere ? `: if it was killed, that is known within ${BELIEVED / 60_000} minutes` : '';

/**
 * Ends when no process is at a part any more that is done, or not wanted: it would write into what is finished.
 *
 * @param onWait hears whom is waited for, if that takes long
 * @throws StillThere `output-exists` where one does not end
 */
export async function settled(store: PartsStore, signal?: AbortSignal, onWait?: (what: string) => void): Promise<void> {
  const began = Date.now();
  let isSaid = false;
  for (;;) {
    const [busy] = await store.runs();
    if (!busy) return;
    if (signal?.aborted) throw stopped(signal);
    const waited = Date.now() - began;
    if (waited > UNSAID && !isSaid) {
      onWait?.(`waiting for ${busy.running}, which is still at part ${busy.part}${ifKilled(busy)}`);
      isSaid = true;
    }
    if (waited > BELIEVED + LOOK)
      throw new StillThere(
        'output-exists',
        `${store.partial}: part ${busy.part} is being done by ${busy.running}, which is not wanted any more: end that, and try again`,
        'output'
      );
    await wait(LOOK);
  }
}
