import type { Channel, OuterShape } from '../../model/volume.ts';
import { option } from '../../model/words.ts';

/** How the pages of a source make volumes: what its metadata says of channels and time. */
export interface Stack {
  outerShape: OuterShape;
  /** Planes of one volume. */
  depth: number;
  /** Number, among the pages that are read, of the page with plane `z` of channel `c` at time `t`; all from 0. */
  page: (t: number, c: number, z: number) => number;
  /** Which of its page's samples plane `z` is, where these are the slices. */
  sample?: (z: number) => number;
  /** One for each channel of `outerShape`; null where nothing is said of them, and there is only one. */
  channels: Channel[] | null;
  /** Seconds between time points; null where there is one, or nothing is said of it. */
  timeStep: number | null;
  /** Warnings for the user about this reading: a sentence each. */
  warnings: string[];
}

/** Pages that nothing ties together are the slices of one volume. */
export const plainStack = (pages: number): Stack => ({
  outerShape: { t: 1, c: 1 },
  depth: pages,
  page: (_t, _c, z) => z,
  channels: null,
  timeStep: null,
  warnings: []
});

/** A name for a channel that has none. */
export const channelName = (number: number): string => `Channel ${number + 1}`;

/** More channels or time points than this, of one slice each, are likely the slices of a stack. */
export const MANY = 4;

/** Warnings about a source whose only slices may be those that it calls channels or time points. */
export function axesWarnings({ outerShape: { t, c }, depth }: Stack): string[] {
  const [count, found] = c > t ? [c, 'channels'] : [t, 'time points'];
  if (depth > 1 || count <= MANY) return [];
  return [
    `It says that it has ${count} ${found} and only one slice, and is read so. If these are the slices of a volume, say so with ${option('zAxis', c > t ? 'c' : 't')}.`
  ];
}
