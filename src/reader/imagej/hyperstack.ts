import type { Channel } from '../../model/volume.ts';
import { seconds } from '../../model/units.ts';
import type { Directory } from '../tiff/directory.ts';
import { fail } from '../common/fail.ts';
import type { ImageJ } from './imagej.ts';
import { readImageJMetadata } from './imagej-metadata.ts';
import { shortly } from '../common/shortly.ts';
import { type Stack, channelName, plainStack } from '../common/stack.ts';

type Axis = 'c' | 'z' | 't';

/** The fastest axis first. */
const USUAL = 'czt';

/**
 * The dimensions of an ImageJ (hyper)stack: its images run through channels first, then slices, then frames
 * (`ImagePlus.getStackIndex`), or in the order that its description says, as Micro-Manager's `order=zct`. Dimensions
 * whose product is not the number of images are not believed, as in ImageJ (`ImagePlus.setDimensions`): all are slices
 * then.
 *
 * @throws ConvertError `mixed-pages` for a hyperstack of another number of pages
 */
export function readHyperstack(imagej: ImageJ, first: Directory, pages: number): Stack {
  const { images, channels: c, slices, frames: t, properties } = imagej;
  if (c * t === 1) {
    const plain = plainStack(pages);
    if (images === 1 || images === pages) return plain;
    return {
      ...plain,
      warnings: [`Its description says ${images} images, but it has ${pages} pages: all of these are read as slices.`]
    };
  }
  const said = `${c} channels, ${slices} slices and ${t} frames`;
  if (c * slices * t !== images)
    return {
      ...plainStack(pages),
      warnings: [
        `Its description says ${said}, which are not ${images} images: all pages are read as slices, as ImageJ does.`
      ]
    };
  if (images !== pages)
    throw fail(
      'mixed-pages',
      first.file.path,
      `its description says ${said}, ${images} images in all, but it has ${pages} pages: save it again`
    );
  const order = properties.get('order')?.trim().toLowerCase() ?? USUAL;
  const isKnown = [...order].sort().join('') === 'ctz';
  const stride: Record<Axis, number> = { c: 1, z: 1, t: 1 };
  const lengths = { c, z: slices, t };
  ([...(isKnown ? order : USUAL)] as Axis[]).reduce((product, axis) => {
    stride[axis] = product;
    return product * lengths[axis];
  }, 1);
  const page = (time: number, channel: number, z: number) => time * stride.t + channel * stride.c + z * stride.z;
  const step = Number(properties.get('finterval') ?? NaN) * (seconds(properties.get('tunit') ?? 'sec') ?? NaN);
  return {
    outerShape: { t, c },
    depth: slices,
    page,
    channels: c > 1 ? readChannels(first, lengths, page) : null,
    timeStep: t > 1 && step > 0 && Number.isFinite(step) ? step : null,
    warnings:
      isKnown || order === 'default'
        ? []
        : [
            `Its description says the order "${shortly([order])}", which is not understood: its images are read channels first, then slices, then frames, as ImageJ does.`
          ]
  };
}

/**
 * Names from slice labels that are the same throughout a channel, and colours from lookup tables, where the file has
 * them.
 */
function readChannels(first: Directory, { c, z, t }: Record<Axis, number>, page: Stack['page']): Channel[] {
  const { labels, luts } = readImageJMetadata(first);
  const names = Array.from({ length: c }, (_, channel) => {
    const own = new Set<string>();
    for (let time = 0; time < t; time++)
      for (let slice = 0; slice < z; slice++) own.add(labels[page(time, channel, slice)] ?? '');
    return own.size === 1 ? [...own][0] : '';
  });
  const distinct = new Set(names).size === c && !names.includes('');
  return names.map((name, channel) => ({
    name: distinct ? name : channelName(channel),
    color: luts[channel] ? brightest(luts[channel]) : null
  }));
}

/** Colour of the greatest value of a lookup table: 256 reds, 256 greens, 256 blues. */
const brightest = (lut: Uint8Array): string =>
  [lut[255], lut[511], lut[767]]
    .map(part => part.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
