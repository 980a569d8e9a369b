import { readable } from './readable.ts';
import type { ConvertOptions } from './options.ts';
import { COMMAND_LINE, inWords } from './words.ts';

/** Codes that other people's scripts read: they do not change from release to release. */
export const ERROR_CODES = [
  'not-found',
  'unreadable',
  'not-tiff',
  'no-pages',
  'mixed-pages',
  'truncated',
  'corrupt',
  'unsupported',
  'unsupported-compression',
  'output-exists',
  'output-not-ome-zarr',
  'output-inside-source',
  'output-unwritable',
  'resume-refused',
  'disk-full',
  'memory-too-small',
  'bad-option',
  'cancelled',
  'interrupted',
  'internal'
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** A failure that a person can act on: one line that names the file, what was found, and what to do. */
export class ConvertError extends Error {
  override readonly name = 'ConvertError';
  readonly code: ErrorCode;
  /** The message with marks for options, for surfaces that call them otherwise than the command line does. */
  readonly said: string;
  /** The option at fault, so that a form can say it there; `source` for the input itself. */
  readonly field: keyof ConvertOptions | 'source' | null;
  /** Which element of the option's list, from 0, is at fault; null for none in particular. */
  readonly at: number | null;
  /** Where several things are wrong at once: all of them, this one first. */
  readonly problems: readonly ConvertError[];
  /** Path or address of what it is about, where that was given: the message begins with it. */
  readonly about: string | null;
  /** What is said of that; without it, the message. With marks for options. */
  readonly problem: string;

  constructor(
    code: ErrorCode,
    problem: string,
    field: keyof ConvertOptions | 'source' | null = null,
    { at = null, problems = [], about = null }: Partial<Pick<ConvertError, 'at' | 'problems' | 'about'>> = {}
  ) {
    const said = about === null ? problem : `${about}: ${problem}`;
    super(readable(inWords(said, COMMAND_LINE)));
    this.said = readable(said);
    this.code = code;
    this.field = field;
    this.at = at;
    this.problems = problems;
    this.about = about;
    this.problem = readable(problem);
  }

  /** The same error but for some of it. */
  with(change: Partial<Pick<ConvertError, 'code' | 'problem' | 'field' | 'at' | 'problems' | 'about'>>): ConvertError {
    const { code, problem, field, ...more } = { ...this, ...change };
    return new ConvertError(code, problem, field, more);
  }
}

/** Checks that are all made, so that a person is told of all that fails, and not of the first thing only. */
export class Checks {
  readonly #failed: ConvertError[] = [];

  /** Result of a check; undefined where it fails. */
  of<T>(check: () => T): T | undefined {
    try {
      return check();
    } catch (error) {
      this.#note(error);
      return undefined;
    }
  }

  /** The same of one that takes its time. */
  async later<T>(check: Promise<T>): Promise<T | undefined> {
    return check.catch((error: unknown) => {
      this.#note(error);
      return undefined;
    });
  }

  /** The first that failed, with all in its `problems` if there are more; null where none did. */
  get error(): ConvertError | null {
    const [first, ...others] = this.#failed;
    if (!first || others.length === 0) return first ?? null;
    return first.with({ problems: this.#failed });
  }

  /** @throws ConvertError */
  done(): void {
    const { error } = this;
    if (error) throw error;
  }

  #note(error: unknown): void {
    if (!(error instanceof ConvertError)) throw error;
    this.#failed.push(...(error.problems.length > 0 ? error.problems : [error]));
  }
}

/** The error of a conversion that a person has cancelled. */
export const cancelled = (): ConvertError => new ConvertError('cancelled', 'The conversion was cancelled.');

/**
 * The error of a conversion that ended, but that nobody has cancelled: what is done is worth keeping. `message`:
 * `ended by SIGTERM` and the like.
 */
export const interrupted = (message: string): ConvertError => new ConvertError('interrupted', message);

/** The error of an aborted signal: its own reason where it was interrupted, else that a person has cancelled. */
export const stopped = ({ reason }: AbortSignal): ConvertError =>
  reason instanceof ConvertError && reason.code === 'interrupted' ? reason : cancelled();
