import { setTimeout as sleep } from 'node:timers/promises';

/** How often what may pass by itself is asked, and the longest wait before it is asked again: half a minute in all. */
export const ATTEMPTS = 9;
/** The same where somebody waits for a picture. */
export const FEW_ATTEMPTS = 5;
const LONGEST_WAIT = 8_000;

/** How long a connection may be silent, in ms. */
export const SILENT = 60_000;

/** Statuses of failures that pass by themselves. */
export const BUSY_STATUS = [408, 425, 429, 500, 502, 503, 504];
/** Names of errors of connections that do so. */
export const CONNECTION = /^(ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ENETDOWN|UND_ERR)/;

/** The error that only a part of a body came, where the whole was promised. */
export class CutOff extends Error {
  override readonly name = 'CutOff';
}

/** A server, or a bucket, that does not do what it is asked, and why. */
export interface Trouble {
  /** As an address has it: with its port, or the name of the bucket. */
  host: string;
  reason: string;
}

/** The attempt before which trouble is told: one that has passed by then is nobody's concern. */
const TOLD = 3;
/** Milliseconds between two times that it is told of one server, of which many files may be wanted at once. */
const INTERVAL = 1000;
const told = new Map<string, number>();
const listeners = new Set<(trouble: Trouble) => void>();

/** Has somebody hear, of servers that this thread asks again, why. */
export function onTrouble(listener: (trouble: Trouble) => void): void {
  listeners.add(listener);
}

/** Waits until it is time for attempt number `attempt`, which is 2 or more. */
export async function waitBefore(attempt: number, trouble: Trouble, signal?: AbortSignal): Promise<void> {
  const { host } = trouble;
  const now = performance.now();
  if (attempt >= TOLD && now - (told.get(host) ?? -Infinity) >= INTERVAL) {
    told.delete(host);
    told.set(host, now);
    if (told.size > 64) told.delete([...told.keys()][0]);
    listeners.forEach(listener => listener(trouble));
  }
  const wait = Math.min(LONGEST_WAIT, 100 * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
  await sleep(wait, undefined, { signal });
}
