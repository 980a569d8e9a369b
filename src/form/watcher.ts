import type { ConvertOptions, Failure, Source, VolumeInfo } from '../protocol/index.ts';
import type { Planner } from './planner.ts';
import { toFailure } from './planner.ts';
import type { Planned } from './resume.ts';
import { planResuming } from './resume.ts';

export interface PlanState {
  /** Null until the source has been read. */
  info: VolumeInfo | null;
  /** The last plan that could be made; what is asked for now may differ while `pending` or with a `failure`. */
  planned: Planned | null;
  /** Request, as JSON, that `planned` answers. */
  plannedFor: string | null;
  /** Why there is no plan for what is asked for now. */
  failure: Failure | null;
  /** An answer is awaited. */
  pending: boolean;
}

export const NOTHING_YET: PlanState = { info: null, planned: null, plannedFor: null, failure: null, pending: true };

/**
 * Keeps a plan up to date with options that change at every key: asks when they rest, and drops answers to what is no
 * longer asked.
 */
export class PlanWatcher {
  state = NOTHING_YET;

  /** `rest`: milliseconds without a change after which the planner is asked. */
  constructor(planner: Planner, source: Source, onChange: (state: PlanState) => void, rest = 250) {
    this.#planner = planner;
    this.#source = source;
    this.#onChange = onChange;
    this.#rest = rest;
    planner.inspect(source).then(
      info => this.#set({ info }),
      // The estimate says the same, at its field.
      () => undefined
    );
  }

  /** Asks for a plan. */
  ask(options: Partial<ConvertOptions>): void {
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    this.#options = options;
    this.#set({ pending: true });
    this.#timer = setTimeout(() => void this.#estimate(turn, options), this.#asked ? this.#rest : 0);
    this.#asked = true;
  }

  /**
   * Asks the same again, where the answer was a refusal: what was in the way may be gone. The refusal stands until
   * there is another answer.
   */
  again(): void {
    const { pending, failure, planned } = this.state;
    if (!pending && (failure || planned?.plan.outputRefusal)) {
      // A late answer to an earlier request does not count.
      void this.#estimate(++this.#turn, this.#options);
    }
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#turn = -1;
    this.#onChange = () => undefined;
  }

  async #estimate(turn: number, options: Partial<ConvertOptions>): Promise<void> {
    let answer: Partial<PlanState>;
    try {
      const planned = await planResuming(this.#planner, this.#source, options);
      answer = { planned, plannedFor: JSON.stringify(options), failure: null, pending: false };
    } catch (error) {
      answer = { failure: toFailure(error), pending: false };
    }
    if (turn === this.#turn) {
      this.#set(answer);
    }
  }

  #set(change: Partial<PlanState>): void {
    this.state = { ...this.state, ...change };
    this.#onChange(this.state);
  }

  readonly #planner: Planner;
  readonly #source: Source;
  readonly #rest: number;
  #onChange: (state: PlanState) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn = 0;
  #options: Partial<ConvertOptions> = {};
  #asked = false;
}
