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
  /** What was asked, as JSON, that `planned` answers. */
  plannedFor: string | null;
  /** Why there is no plan for what is asked for now. */
  failure: Failure | null;
  /** An answer is awaited. */
  pending: boolean;
}

export const NOTHING_YET: PlanState = { info: null, planned: null, plannedFor: null, failure: null, pending: true };

/** Keeps a plan up to date with options that change at every key: asks when they rest, and drops answers to what is no longer asked. */
export class PlanWatcher {
  state = NOTHING_YET;

  /** `rest`: milliseconds without a change after which the planner is asked. */
  constructor(planner: Planner, source: Source, onChange: (state: PlanState) => void, rest = 250) {
    this._planner = planner;
    this._source = source;
    this._onChange = onChange;
    this._rest = rest;
    planner.inspect(source).then(
      info => this._set({ info }),
      // The estimate says the same, at its field.
      () => undefined
    );
  }

  /** Asks for a plan. */
  ask(options: Partial<ConvertOptions>): void {
    clearTimeout(this._timer);
    const turn = ++this._turn;
    this._options = options;
    this._set({ pending: true });
    this._timer = setTimeout(() => void this._estimate(turn, options), this._asked ? this._rest : 0);
    this._asked = true;
  }

  /** Asks the same again, where the answer was a refusal: what was in the way may be gone. The refusal stands until there is another answer. */
  again(): void {
    const { pending, failure, planned } = this.state;
    if (!pending && (failure || planned?.plan.outputRefusal)) {
      void this._estimate(this._turn, this._options);
    }
  }

  dispose(): void {
    clearTimeout(this._timer);
    this._turn = -1;
    this._onChange = () => undefined;
  }

  private async _estimate(turn: number, options: Partial<ConvertOptions>): Promise<void> {
    let answer: Partial<PlanState>;
    try {
      const planned = await planResuming(this._planner, this._source, options);
      answer = { planned, plannedFor: JSON.stringify(options), failure: null, pending: false };
    } catch (error) {
      answer = { failure: toFailure(error), pending: false };
    }
    if (turn === this._turn) {
      this._set(answer);
    }
  }

  private _set(change: Partial<PlanState>): void {
    this.state = { ...this.state, ...change };
    this._onChange(this.state);
  }

  private readonly _planner: Planner;
  private readonly _source: Source;
  private readonly _rest: number;
  private _onChange: (state: PlanState) => void;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _turn = 0;
  private _options: Partial<ConvertOptions> = {};
  private _asked = false;
}
