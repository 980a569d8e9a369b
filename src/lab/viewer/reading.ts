import { LOOK_OPTIONS } from '../../model/options.ts';
import type { ConvertOptions, LookOptions } from '../../protocol/index.ts';

/** Of the options of a conversion how it reads its source. */
export const readingIn = (options: Partial<ConvertOptions>): LookOptions =>
  Object.fromEntries(LOOK_OPTIONS.filter(name => options[name] != null).map(name => [name, options[name]]));

export const isSameReading = (one: LookOptions, other: LookOptions): boolean =>
  JSON.stringify(readingIn(one)) === JSON.stringify(readingIn(other));
