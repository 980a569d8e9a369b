import type { ConvertOptions, ReadingOptions } from '../model/options.ts';
import type { Plan } from '../model/plan.ts';
import { readingOf } from './resolve.ts';
import { ConvertError } from '../model/errors.ts';
import { prepare } from './prepare.ts';
import { readInfo } from '../reader/index.ts';
import { type InspectOptions, type OmeZarrInfo, inspectOmeZarr, isStored } from './ome-zarr-info.ts';
import type { VolumeInfo } from '../model/volume.ts';
import { named } from '../model/words.ts';

/**
 * Description of a source, by its headers: a TIFF file, a folder of slices, or the slices in order; or of an OME-Zarr,
 * by its metadata.
 *
 * @throws ConvertError when it cannot be converted as it is, or is no image
 */
export async function inspect(
  source: string | string[],
  options: Partial<ReadingOptions> = {},
  { files = true }: InspectOptions = {}
): Promise<VolumeInfo | OmeZarrInfo> {
  if (typeof source === 'string' && (await isStored(source))) {
    const [choice] = Object.keys(options) as (keyof typeof options)[];
    if (choice)
      throw new ConvertError(
        'bad-option',
        `${source}: is an OME-Zarr, of which nothing is chosen: leave ${named(choice)} out`,
        choice
      );
    return inspectOmeZarr(source, { files });
  }
  const { slices, image, describedBy, zAxis, palette, orientation } = readingOf(options, source);
  return readInfo(source, { slices, image, describedBy, zAxis, palette, orientation });
}

/**
 * Plan of a conversion: all that it would do and need. Reads headers, writes nothing.
 *
 * @throws ConvertError for whatever would keep the conversion from working, with the option at fault in `field`; but
 *   that something has the output's name already, or that the disk has too little room, is told in the plan; where
 *   `makesFolder` is true also that there is no folder for it yet
 */
export async function estimate(
  source: string | string[],
  options: Partial<ConvertOptions> = {},
  makesFolder = false
): Promise<Plan> {
  return (await prepare(source, options, { lenient: true, makesFolder })).plan;
}
