import { named } from '../../model/words.ts';
import { bad, isWhole, show } from './given.ts';

export function levels(value: number | 'auto'): number | 'auto' {
  if (value !== 'auto' && !(isWhole(value) && value >= 1 && value <= 64))
    throw bad('levels', `${named('levels')} must be "auto" or a whole number from 1 to 64, found ${show(value)}`);
  return value;
}
