import { setTimeout as sleep } from 'node:timers/promises';

/** How often what may pass by itself is asked, and the longest wait before it is asked again: half a minute in all. */
export const ATTEMPTS = 9;
const LONGEST_WAIT = 8_000;

/** How long a connection may be silent, in ms. */
export const SILENT = 60_000;

/** Waits until it is time for attempt number `attempt`, which is 2 or more. */
export async function waitBefore(attempt: number, signal?: AbortSignal): Promise<void> {
  const wait = Math.min(LONGEST_WAIT, 100 * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
  await sleep(wait, undefined, { signal });
}
