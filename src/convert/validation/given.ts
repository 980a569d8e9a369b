import { ConvertError } from '../../model/errors.ts';
import type { ConvertOptions } from '../../model/options.ts';
import { named } from '../../model/words.ts';

type Field = keyof ConvertOptions;
/** `at`: which element of the option's list. */
export const bad = (field: Field | null, message: string, at: number | null = null) =>
  new ConvertError('bad-option', message, field, { at });

export const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
export const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
export const tuple = <T>(value: unknown, length: number, is: (v: unknown) => v is T): value is T[] =>
  Array.isArray(value) && value.length === length && value.every(is);
export const show = (value: unknown): string =>
  typeof value === 'string' ? `"${value}"` : (JSON.stringify(value) ?? String(value));

export function text(field: Field, value: unknown): string | null {
  if (value !== null && typeof value !== 'string')
    throw bad(field, `${named(field)} must be text, found ${show(value)}`);
  return value;
}

export function oneOf<T extends string>(field: Field, value: T, accepted: readonly T[]): T {
  if (!accepted.includes(value))
    throw bad(field, `${named(field)} ${show(value)} is not known: use one of ${accepted.join(', ')}`);
  return value;
}
