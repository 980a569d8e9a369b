import { ConvertError } from '../model/errors.ts';
import type { ZAxis } from '../model/options.ts';
import { named } from '../model/words.ts';
import { fail } from './common/fail.ts';
import type { Headers } from './headers.ts';

const WORDS = { c: 'channels', t: 'time points', samples: 'samples of its pixels' };

/**
 * Headers of a source whose slices are its channels, time points or samples: these become its z axis.
 *
 * @throws ConvertError `bad-option` where it has none of these, or slices beside them
 */
export function asSlices(headers: Headers, zAxis: ZAxis): Headers {
  if (zAxis === 'auto') return headers;
  const { source, opened, interpretation } = headers;
  const { stack } = opened;
  const { outerShape, depth, page } = stack;
  const count = zAxis === 'samples' ? (interpretation.samples?.length ?? 1) : outerShape[zAxis];
  const bad = (problem: string) => new ConvertError('bad-option', `${source}: ${problem}`, 'zAxis');
  if (count < 2)
    throw bad(
      `${named('zAxis')} ${zAxis} says that its ${WORDS[zAxis]} are the slices, but it has only one: leave it out`
    );
  if (depth > 1)
    throw bad(
      `${named('zAxis')} ${zAxis} says that its ${count} ${WORDS[zAxis]} are the slices, but it has ${depth} slices beside them: leave it out`
    );
  if (zAxis === 'samples') {
    const { packing } = interpretation;
    if (packing.palettes) throw bad('its pixels are indices into a palette of colours, which are no slices');
    if (packing.inverted)
      throw fail('unsupported', source, `it says MinIsWhite of the first of its samples only: save it as grey values`);
    const samples = { ...stack, depth: count, page: (t: number, c: number) => page(t, c, 0), sample: (z: number) => z };
    return { ...headers, opened: { ...opened, stack: samples }, interpretation: { ...interpretation, samples: null } };
  }
  const turned =
    zAxis === 'c'
      ? {
          outerShape: { ...outerShape, c: 1 },
          page: (t: number, _: number, z: number) => page(t, z, 0),
          channels: null
        }
      : {
          outerShape: { ...outerShape, t: 1 },
          page: (_: number, c: number, z: number) => page(z, c, 0),
          timeStep: null
        };
  return { ...headers, opened: { ...opened, stack: { ...stack, ...turned, depth: count } } };
}
