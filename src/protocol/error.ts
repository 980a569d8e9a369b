import type { ErrorCode, Failure } from './index.ts';

/** A request that the helper, or Python, refused, or why there is none to be asked. */
export class HelperError extends Error {
  override readonly name = 'HelperError';
  /** The helper's own; `no-helper` or `lost` where there is none to answer. */
  readonly code: ErrorCode | 'no-helper' | 'lost';
  readonly field: Failure['field'];
  readonly at: Failure['at'];
  readonly options: Failure['options'];
  readonly problems: Failure['problems'];

  constructor(
    code: HelperError['code'],
    message: string,
    { field = null, at, options, problems }: Partial<Failure> = {}
  ) {
    super(message);
    this.code = code;
    this.field = field;
    this.at = at;
    this.options = options;
    this.problems = problems;
  }
}
