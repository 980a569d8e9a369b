import { ConvertError } from '../../model/errors.ts';
import { BELIEVED } from '../../zarr/owner.ts';
import { type PartRecord, type PartsPlan, type RecordKind, recordOf } from './files.ts';
import type { PartsStore } from './store.ts';

/** Whether a part is still to be done: it is planned, and no process has done it. */
export class Wanted {
  readonly #plan: PartsPlan;
  readonly #store: PartsStore;
  readonly #part: number;
  readonly kind: RecordKind;
  /** When it was last known to be. */
  #known = Date.now();

  constructor(plan: PartsPlan, store: PartsStore, part: number, kind: RecordKind) {
    this.#plan = plan;
    this.#store = store;
    this.#part = part;
    this.kind = kind;
  }

  /** Null: nobody has done it yet. */
  record(): Promise<PartRecord | null> {
    return recordOf<PartRecord>(this.#plan, this.#store, this.#part, this.kind);
  }

  async ask(): Promise<boolean> {
    const began = Date.now();
    if (!(await this.#store.isPlanned()) || (await this.record())) return false;
    this.#known = began;
    return true;
  }

  /** Who was asleep for long may have been given up, and all be finished. @throws ConvertError `not-found` */
  readonly permit = async (): Promise<void> => {
    if (Date.now() - this.#known < BELIEVED / 2 || (await this.ask())) return;
    throw new ConvertError('not-found', `${this.#store.partial}: part ${this.#part} is not wanted any more`, 'output');
  };
}
