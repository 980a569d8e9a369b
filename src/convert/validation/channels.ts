// Which of a source's channels, and which of its images.
import type { ConvertOptions } from '../../model/options.ts';
import { named } from '../../model/words.ts';
import { bad, isWhole, show } from './given.ts';

export function channels(value: ConvertOptions['channel']): ConvertOptions['channel'] {
  if (value === null || value === 'all') return value;
  const listed = Array.isArray(value) && value.length > 0 && value.every(n => isWhole(n) && n >= 0);
  if (!listed || new Set(value).size < value.length)
    throw bad(
      'channel',
      `${named('channel')} must be "all" or a list of whole numbers from 0 up, each once, found ${show(value)}`
    );
  return value;
}

export function imageName(value: ConvertOptions['image']): ConvertOptions['image'] {
  if (value === null || (typeof value === 'string' && value.trim() !== '') || (isWhole(value) && value >= 0))
    return value;
  throw bad('image', `${named('image')} must be a number from 0 or a name, found ${show(value)}`);
}
