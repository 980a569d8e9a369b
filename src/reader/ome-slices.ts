import { basename } from 'node:path';
import { ConvertError } from '../model/errors.ts';
import type { DescribedBy } from '../model/options.ts';
import { readDescriptions } from './description.ts';
import { type Directory, firstPage } from './tiff/directory.ts';
import { fail } from './common/fail.ts';
import { HeaderBytes } from './common/header-bytes.ts';
import { type Ome, parseOme } from './ome/ome.ts';
import { isOmeXml, openOme } from './ome-files.ts';
import type { Opened } from './headers.ts';
import type { InterpretationOptions } from './tiff/pixel-format.ts';
import { shortly } from './common/shortly.ts';

/** Planes of one image that a description tells of; Infinity where it has several images, or is elsewhere. */
function planesOf({ images, metadataFile }: Ome): number {
  if (metadataFile !== null || images.length > 1) return Infinity;
  return images.reduce(
    (sum, { size, channels }) => sum + size.T * size.Z * Math.ceil(size.C / (channels[0]?.samples ?? 1)),
    0
  );
}

/**
 * Refuses a slice that says it is a plane of an image of several: such are put together by what they say, not by their
 * names.
 *
 * @throws ConvertError `mixed-pages`, `corrupt`
 */
export function checkLonePlane(directory: Directory, wanted: DescribedBy): void {
  const { ome } = readDescriptions(directory, wanted);
  const { path } = directory.file;
  if (!ome) return;
  const planes = planesOf(parseOme(ome(), path));
  if (planes > 1)
    throw fail(
      'mixed-pages',
      path,
      `its OME-XML says that it is one of ${planes === Infinity ? 'several' : planes} planes of an image, where slices were expected that say nothing of others: convert this file by itself, whose metadata leads to the others`
    );
}

/**
 * Files that are one OME-TIFF of several: their planes are where their OME-XML puts them, whatever the files are
 * called. Null where the first says nothing of the others.
 *
 * @param paths in the order of their names, or as they were given
 * @throws ConvertError as `openOme`
 */
export async function openOmeSlices(
  paths: string[],
  image: InterpretationOptions['image'],
  wanted: DescribedBy
): Promise<Opened | null> {
  const [first] = paths;
  const file = await HeaderBytes.open(first);
  let ome: Ome | null;
  try {
    const { ome: xml } = readDescriptions(firstPage(file), wanted);
    ome = xml && parseOme(xml(), first);
  } catch (error) {
    // Its faults are reported when it is read as a slice.
    if (error instanceof ConvertError) return null;
    throw error;
  } finally {
    file.close();
  }
  if (!ome || planesOf(ome) <= 1) return null;
  const opened = await openOme(first, ome, image, wanted);
  const files = opened.files.filter(path => !isOmeXml(path));
  const given = new Set(paths);
  const isSame = files.length === paths.length && files.every(path => given.has(path));
  // Others are refused when they are read as slices.
  if (!isSame) return null;
  const isOther = files.some((path, i) => path !== paths[i]);
  if (isOther)
    opened.stack.warnings.push(
      `The planes are where the OME-XML of its files puts them, which is not the order of their names or the list: ${shortly(
        files.map(path => basename(path)),
        3
      )}.`
    );
  return opened;
}
