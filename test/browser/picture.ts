import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { PYTHON } from './jupyter.ts';

/** Pixels of the screen for one voxel in the views that tests compare. */
export const ZOOM = 4;

/**
 * Neuroglancer's state for slice `z` of a volume of `shape` (Z, Y, X) alone, `ZOOM` pixels a voxel, nothing drawn over
 * it.
 */
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

/** Red, green and blue of a pixel, 0 to 255. */
type Pixel = [red: number, green: number, blue: number];

/**
 * Colours that slice `z` at time `t` of an ImageJ hyperstack must have, with all channels in the windows and colours of
 * the OME-Zarr's metadata.
 */
export function expectedComposite(tiff: string, t: number, z: number, omeZarr: string): Pixel[][] {
  const code =
    'import sys, json, tifffile; print(json.dumps(tifffile.imread(sys.argv[1])[int(sys.argv[2]), int(sys.argv[3])].tolist()))';
  const args = ['-c', code, tiff, String(t), String(z)];
  const channels = JSON.parse(execFileSync(PYTHON, args, { encoding: 'utf8' })) as number[][][];
  const shown = metadataOf(omeZarr).omero.channels;
  return channels[0].map((row, y) =>
    row.map((_, x): Pixel => {
      const light = shown.map(({ window, color }, c) => {
        const grey = Math.min(1, Math.max(0, (channels[c][y][x] - window.start) / (window.end - window.start)));
        return [0, 2, 4].map(at => grey * parseInt(color.slice(at, at + 2), 16));
      });
      return [0, 1, 2].map(part =>
        Math.min(
          255,
          light.reduce((sum, each) => sum + each[part], 0)
        )
      ) as Pixel;
    })
  );
}

interface Metadata {
  omero: { channels: { window: { start: number; end: number }; color: string }[] };
}

function metadataOf(omeZarr: string): Metadata {
  const v3 = existsSync(join(omeZarr, 'zarr.json'));
  const json = JSON.parse(readFileSync(join(omeZarr, v3 ? 'zarr.json' : '.zattrs'), 'utf8'));
  return v3 ? json.attributes.ome : json;
}

/** Grey values (0 to 255) that slice `z` of a TIFF must have in the window that the OME-Zarr's metadata names. */
export function expectedSlice(tiff: string, z: number, omeZarr: string): number[][] {
  const code =
    'import sys, json, tifffile; print(json.dumps(tifffile.imread(sys.argv[1])[int(sys.argv[2])].astype(float).tolist()))';
  const slice = JSON.parse(execFileSync(PYTHON, ['-c', code, tiff, String(z)], { encoding: 'utf8' })) as number[][];
  const { start, end } = metadataOf(omeZarr).omero.channels[0].window;
  return slice.map(row => row.map(value => 255 * Math.min(1, Math.max(0, (value - start) / (end - start)))));
}

/**
 * Grey values in the middle of each voxel that `sliceView` shows, as they are on the screen: red, green and blue must
 * agree.
 */
export async function shownSlice(canvas: Locator, height: number, width: number): Promise<number[][]> {
  const pixels = await shownPixels(canvas, height, width);
  return pixels.map(row => row.map(([red, green, blue]) => (red === green && green === blue ? red : NaN)));
}

/** Colours in the middle of each voxel that `sliceView` shows. */
export async function shownPixels(canvas: Locator, height: number, width: number): Promise<Pixel[][]> {
  // A viewer that is drawn anew while the picture is taken has another canvas.
  const image = await canvas.screenshot().catch(() => canvas.screenshot());
  const png = image.toString('base64');
  return canvas.page().evaluate(
    async ([data, height, width, zoom]) => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
      context.drawImage(bitmap, 0, 0);
      const rows: [number, number, number][][] = [];
      for (let y = 0; y < height; y++) {
        const row: [number, number, number][] = [];
        for (let x = 0; x < width; x++) {
          const left = Math.floor(bitmap.width / 2 + (x - (width - 1) / 2) * zoom);
          const top = Math.floor(bitmap.height / 2 + (y - (height - 1) / 2) * zoom);
          const [red, green, blue] = context.getImageData(left, top, 1, 1).data;
          row.push([red, green, blue]);
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

/**
 * The box of bright pixels around the middle of a picture, once there is one: the first ones along each direction that
 * are dark lie beyond it.
 */
export async function brightAround(canvas: Locator): Promise<Record<'left' | 'right' | 'top' | 'bottom', number>> {
  for (let tries = 0; tries < 60; tries++) {
    const png = (await canvas.screenshot()).toString('base64');
    const found = await canvas.page().evaluate(async data => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
      context.drawImage(bitmap, 0, 0);
      // Beside the lines of the axes.
      const middle = [Math.floor(bitmap.width / 2) - 12, Math.floor(bitmap.height / 2) - 12];
      const reach = (by: [number, number]): number => {
        let [x, y] = middle;
        while (context.getImageData(x, y, 1, 1).data[1] > 200) [x, y] = [x + by[0], y + by[1]];
        return by[0] === 0 ? y : x;
      };
      const [left, right, top, bottom] = (
        [
          [-1, 0],
          [1, 0],
          [0, -1],
          [0, 1]
        ] as [number, number][]
      ).map(reach);
      return { left: left + 1, right, top: top + 1, bottom };
    }, png);
    if (found.right - found.left > 20) return found;
    await canvas.page().waitForTimeout(500);
  }
  throw new Error('nothing bright is shown in the middle');
}
