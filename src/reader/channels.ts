import { shortly } from './common/shortly.ts';
import { ConvertError } from '../model/errors.ts';
import type { Channel } from '../model/volume.ts';
import type { Headers } from './headers.ts';
import { type InterpretationOptions, photometricName } from './tiff/pixel-format.ts';
import { MANY, channelName } from './common/stack.ts';
import { option } from '../model/words.ts';

/** A channel of a source: one that its metadata tells of, and one of the samples of its pixels; both from 0. */
export interface SourceChannel extends Channel {
  channel: number;
  sample: number;
}

/** All channels, numbered as people choose them: for each that the metadata tells of, the samples of its pixels. */
export function allChannels({ opened: { stack }, interpretation }: Headers): SourceChannel[] {
  const samples = interpretation.samples ?? [{ name: '', color: null }];
  return Array.from({ length: stack.outerShape.c }, (_, channel) =>
    samples.map(({ name, color }, sample): SourceChannel => {
      const own = stack.channels?.[channel] ?? {
        name: stack.outerShape.c > 1 ? channelName(channel) : '',
        color: null
      };
      if (!interpretation.samples) return { channel, sample, ...own };
      return { channel, sample, name: stack.outerShape.c > 1 ? `${own.name} ${name}` : name, color };
    })
  ).flat();
}

/**
 * The channels asked for, in the order asked for; all where none were, unless pixels have several samples: colour is no
 * channel that was measured, and may be three times the same.
 *
 * @throws ConvertError `unsupported` where they must be asked for, `bad-option` for one that is not there
 */
export function chooseChannels(headers: Headers, asked: InterpretationOptions['channel']): SourceChannel[] {
  const { source, opened, interpretation } = headers;
  const { stack } = opened;
  const all = allChannels(headers);
  const names = shortly(all.map(({ name }, n) => (name ? `${n} ${name}` : `${n}`)));
  if (asked === null && interpretation.samples) {
    const { pixel } = opened.table.format;
    const found = pixel.colorMap
      ? 'are indices into a palette of colours'
      : `have ${interpretation.samples.length} samples (${photometricName(pixel.photometric)})`;
    const slices = stack.depth === 1 && interpretation.samples.length > MANY;
    const otherwise = pixel.colorMap
      ? `, or take the numbers that are stored with ${option('palette', 'ignore')}`
      : slices
        ? `, or, if these are the slices, say so with ${option('zAxis', 'samples')}`
        : '';
    throw new ConvertError(
      'unsupported',
      `${source}: its pixels ${found}, where one grey value was expected: choose what to read with ${option('channel')} (${names}, or all)${otherwise}`,
      'channel'
    );
  }
  if (asked === null || asked === 'all') return all;
  const absent = asked.find(n => n >= all.length);
  if (absent !== undefined)
    throw new ConvertError(
      'bad-option',
      `${source}: channel ${absent} is not there: it has ${all.length === 1 ? 'only channel 0' : `channels ${names}`}`,
      'channel'
    );
  return asked.map(n => all[n]);
}
