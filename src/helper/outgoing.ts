import { setTimeout as wait } from 'node:timers/promises';
import { ConvertError, cancelled } from '../model/errors.ts';
import { freeMemory } from '../convert/index.ts';
import { formatBytes } from '../model/bytes.ts';

/** Milliseconds between two looks at what has left. */
const INTERVAL = 20;

interface Sent {
  bytes: number;
  /** Gone when nobody holds the answer any more: neither we nor the socket. */
  answer: WeakRef<Uint8Array>;
}

/**
 * Keeps what is on its way to clients, and is being read for them, within a number of bytes: who asks for much at once
 * is answered piece by piece, and a client that takes nothing cannot fill the memory.
 */
export class Outgoing {
  readonly #most: number;
  readonly #patience: number;
  #reserved = 0;
  #sent: Sent[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param most bytes, if it is not one answer alone @param patience milliseconds that an answer may wait for those
   *   before it
   */
  constructor(most: number, patience: number) {
    this.#most = most;
    this.#patience = patience;
  }

  /**
   * Bytes that `read` gives, when there is room for that many. `signal` aborts when nobody waits for them any more.
   * @throws ConvertError when what was sent before is not taken, and `cancelled` when nobody waits
   */
  async hold(bytes: number, read: () => Promise<Uint8Array>, signal?: AbortSignal): Promise<Uint8Array> {
    const check = (): void => {
      if (signal?.aborted) throw cancelled();
    };
    const room = this.#turn.then(() => this.#room(bytes, check));
    this.#turn = room.catch(() => undefined);
    await room;
    try {
      check();
      const answer = await read();
      check();
      this.#sent.push({ bytes, answer: new WeakRef(answer) });
      return answer;
    } finally {
      this.#reserved -= bytes;
    }
  }

  /** Waits until there is room, and takes it. `check` throws when it is not wanted any more. */
  async #room(bytes: number, check: () => void): Promise<void> {
    const end = performance.now() + this.#patience;
    while (!this.#fits(bytes)) {
      check();
      await freeMemory();
      this.#sent = this.#sent.filter(({ answer }) => answer.deref());
      if (this.#fits(bytes)) break;
      if (performance.now() > end) {
        throw new ConvertError(
          'unreadable',
          `${formatBytes(this.#held())} were sent and are not taken: another page or program that is connected to the helper has stopped; close it, then try again`
        );
      }
      await wait(INTERVAL);
    }
    this.#reserved += bytes;
  }

  #fits(bytes: number): boolean {
    const held = this.#held();
    return held === 0 || held + bytes <= this.#most;
  }

  #held(): number {
    return this.#sent.reduce((sum, { bytes }) => sum + bytes, this.#reserved);
  }
}
