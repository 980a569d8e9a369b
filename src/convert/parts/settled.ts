import { setTimeout as wait } from 'node:timers/promises';
import { ConvertError, stopped } from '../../model/errors.ts';
import { BELIEVED } from '../../zarr/owner.ts';
import type { PartsStore } from './store.ts';

/** Between two looks whether a process that is still at a part has ended, in ms. */
const LOOK = 500;

/**
 * Ends when no process is at a part any more that is done, or not wanted: it would write into what is finished.
 *
 * @throws ConvertError `output-exists` where one does not end
 */
export async function settled(store: PartsStore, signal?: AbortSignal): Promise<void> {
  const until = Date.now() + BELIEVED + LOOK;
  for (;;) {
    const [busy] = await store.runs();
    if (!busy) return;
    if (signal?.aborted) throw stopped(signal);
    if (Date.now() > until)
      throw new ConvertError(
        'output-exists',
        `${store.partial}: part ${busy.part} is being done by ${busy.running}, which is not wanted any more: end that, and try again`,
        'output'
      );
    await wait(LOOK);
  }
}
