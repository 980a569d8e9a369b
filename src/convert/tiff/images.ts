import { readBmp } from './bmp.ts';
import type { HeaderBytes } from './header-bytes.ts';
import type { Page } from './page.ts';
import { readPng } from './png.ts';
import { imageKind } from './slices.ts';

/**
 * The page of a slice that is no TIFF, by its name; null for a TIFF. Of the volume it says nothing: its pixels a metre are a screen's.
 *
 * @throws ConvertError as `readPng` and `readBmp` do
 */
export function readImage(file: HeaderBytes): Page | null {
  const kind = imageKind(file.path);
  return kind === 'TIFF' ? null : kind === 'PNG' ? readPng(file) : readBmp(file);
}
