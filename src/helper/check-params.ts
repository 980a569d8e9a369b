import { ConvertError } from '../model/errors.ts';
import { isObject } from '../model/json.ts';

/**
 * Of one request: most characters of a text (the longest path of any system), items of a list, fields of an object, and
 * how deep they nest.
 */
const LONGEST = 32_767;
const MOST_PATHS = 200_000;
const MOST_FIELDS = 100;
const DEEPEST = 4;
/** Most letters of what a client sent that an answer repeats. */
const BRIEF = 80;
/** Complaint about whatever in a request is larger than any that is meant; null where nothing is. */
function tooMuch(value: unknown, depth: number): string | null {
  if (typeof value === 'string') {
    return value.length > LONGEST ? `${value.length} characters are too many for a path: ${brief(value)}` : null;
  }
  if (typeof value !== 'object' || value === null) return null;
  if (depth > DEEPEST) return 'its parameters are nested too deep';
  const found: unknown[] = Object.values(value);
  const most = Array.isArray(value) ? MOST_PATHS : MOST_FIELDS;
  if (found.length > most) return `${found.length} are more than the ${most} that a list may have`;
  for (const each of found) {
    const odd = tooMuch(each, depth + 1);
    if (odd !== null) return odd;
  }
  return null;
}

/** A value that was found in place of the expected one, in a few letters. */
export function brief(found: unknown): string {
  if (typeof found === 'object' && found !== null) return Array.isArray(found) ? 'a list' : 'an object';
  const text = String(found);
  return text.length > BRIEF ? `${text.slice(0, BRIEF)}…` : text;
}

/**
 * Checks what the handlers take for granted: kinds, and sizes that nobody exceeds who means well. The values of options
 * are the engine's to check.
 * @throws ConvertError
 */
export function checkParams(method: string, params: unknown): void {
  const expected = (what: string, found: unknown): never => {
    throw new ConvertError('bad-option', `${method}: expected ${what}, found ${brief(found)}`);
  };
  if (params === undefined) return;
  const odd = tooMuch(params, 0);
  if (odd !== null) throw new ConvertError('bad-option', `${method}: ${odd}`);
  if (!isObject(params)) expected('an object of parameters', params);
  const { job, options } = params as { job?: unknown; options?: unknown };
  if (job !== undefined && typeof job !== 'string') expected('the id of a job', job);
  if (options !== undefined && !isObject(options)) expected('an object of options', options);
}
