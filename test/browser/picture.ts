import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { PYTHON } from './jupyter.ts';

/** Pixels of the screen for one voxel in the views that tests compare. */
export const ZOOM = 4;

/** Neuroglancer's state for slice `z` of a volume of `shape` (Z, Y, X) alone, `ZOOM` pixels a voxel, nothing drawn over it. */
export function sliceView([, y, x]: [number, number, number], z: number): Record<string, unknown> {
  return {
    layout: 'xy',
    position: [(x - 1) / 2, (y - 1) / 2, z],
    crossSectionScale: 1 / ZOOM,
    showAxisLines: false,
    showScaleBar: false,
    showDefaultAnnotations: false
  };
}

/** Grey values (0 to 255) that slice `z` of a TIFF must have in the window that the OME-Zarr's metadata names. */
export function expectedSlice(tiff: string, z: number, omeZarr: string): number[][] {
  const code =
    'import sys, json, tifffile; print(json.dumps(tifffile.imread(sys.argv[1])[int(sys.argv[2])].astype(float).tolist()))';
  const slice = JSON.parse(execFileSync(PYTHON, ['-c', code, tiff, String(z)], { encoding: 'utf8' })) as number[][];
  const v3 = existsSync(join(omeZarr, 'zarr.json'));
  const json = JSON.parse(readFileSync(join(omeZarr, v3 ? 'zarr.json' : '.zattrs'), 'utf8'));
  const { start, end } = (v3 ? json.attributes.ome : json).omero.channels[0].window as { start: number; end: number };
  return slice.map(row => row.map(value => 255 * Math.min(1, Math.max(0, (value - start) / (end - start)))));
}

/** Grey values in the middle of each voxel that `sliceView` shows, as they are on the screen: red, green and blue must agree. */
export async function shownSlice(canvas: Locator, height: number, width: number): Promise<number[][]> {
  const png = (await canvas.screenshot()).toString('base64');
  return canvas.page().evaluate(
    async ([data, height, width, zoom]) => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
      context.drawImage(bitmap, 0, 0);
      const rows: number[][] = [];
      for (let y = 0; y < height; y++) {
        const row: number[] = [];
        for (let x = 0; x < width; x++) {
          const left = Math.floor(bitmap.width / 2 + (x - (width - 1) / 2) * zoom);
          const top = Math.floor(bitmap.height / 2 + (y - (height - 1) / 2) * zoom);
          const [red, green, blue] = context.getImageData(left, top, 1, 1).data;
          row.push(red === green && green === blue ? red : NaN);
        }
        rows.push(row);
      }
      return rows;
    },
    [png, height, width, ZOOM] as const
  );
}

/** Greatest difference between two slices, in grey values; NaN where a pixel is no grey. */
export const difference = (a: number[][], b: number[][]): number =>
  Math.max(...a.flatMap((row, y) => row.map((value, x) => Math.abs(value - b[y][x]))));
