import { setTimeout as wait } from 'node:timers/promises';
import { ConvertError } from '../model/errors.ts';
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
 * Keeps what is on its way to clients, and is being read for them, within a number of bytes: who asks for much at once is answered
 * piece by piece, and a client that takes nothing cannot fill the memory.
 */
export class Outgoing {
  private readonly _most: number;
  private readonly _patience: number;
  private _reserved = 0;
  private _sent: Sent[] = [];
  private _turn: Promise<unknown> = Promise.resolve();

  /** @param most bytes, if it is not one answer alone @param patience milliseconds that an answer may wait for those before it */
  constructor(most: number, patience: number) {
    this._most = most;
    this._patience = patience;
  }

  /**
   * Bytes that `read` gives, when there is room for that many.
   * @throws ConvertError when what was sent before is not taken
   */
  async hold(bytes: number, read: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const room = this._turn.then(() => this._room(bytes));
    this._turn = room.catch(() => undefined);
    await room;
    try {
      const answer = await read();
      this._sent.push({ bytes, answer: new WeakRef(answer) });
      return answer;
    } finally {
      this._reserved -= bytes;
    }
  }

  private async _room(bytes: number): Promise<void> {
    const end = performance.now() + this._patience;
    while (!this._fits(bytes)) {
      await freeMemory();
      this._sent = this._sent.filter(({ answer }) => answer.deref());
      if (this._fits(bytes)) break;
      if (performance.now() > end) {
        throw new ConvertError(
          'unreadable',
          `${formatBytes(this._held())} were sent and are not taken: another page or program that is connected to the helper has stopped; close it, then try again`
        );
      }
      await wait(INTERVAL);
    }
    this._reserved += bytes;
  }

  private _fits(bytes: number): boolean {
    const held = this._held();
    return held === 0 || held + bytes <= this._most;
  }

  private _held(): number {
    return this._sent.reduce((sum, { bytes }) => sum + bytes, this._reserved);
  }
}
