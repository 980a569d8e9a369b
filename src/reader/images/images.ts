import { bmpResolution, readBmp } from './bmp.ts';
import type { HeaderBytes } from '../common/header-bytes.ts';
import type { Page } from '../tiff/page.ts';
import { pngResolution, readPng } from './png.ts';
import type { Resolution } from '../voxel-size/resolution.ts';
import { sliceKind } from '../slices/slices.ts';

/**
 * The page of a slice that is no TIFF, by its name; null for a TIFF. Of the volume it says nothing but, perhaps, how
 * large its pixels are.
 *
 * @throws ConvertError as `readPng` and `readBmp` do
 */
export function readImage(file: HeaderBytes): Page | null {
  const kind = sliceKind(file.path);
  return kind === 'TIFF' ? null : kind === 'PNG' ? readPng(file) : readBmp(file);
}

/** The size of such a slice's pixels, by its header. */
export function imageResolution(file: HeaderBytes): Resolution | null {
  const kind = sliceKind(file.path);
  return kind === 'PNG' ? pngResolution(file) : kind === 'BMP' ? bmpResolution(file) : null;
}
