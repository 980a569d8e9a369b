import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';
import { PYTHON } from './jupyter.ts';
import { difference, shownPixels, shownSlice } from './picture.ts';

/** Grey values that rounding may cost, in the shader and in the screenshot. */
const TOLERANCE = 2;

/** The installed command. */
export const PROGRAM = join(dirname(PYTHON), 'microct-io-vis');

/** Converts with small chunks, so that a picture takes many. */
export function convert(tiff: string, output: string, ...options: string[]): string {
  execFileSync(PROGRAM, ['convert', tiff, output, '-q', '-c', '16', '16', '16', ...options]);
  return output;
}

/** Opens an OME-Zarr in a tab of JupyterLab, as the command does; answers with what the tab shows. */
export async function openTab(
  page: Page,
  path: string,
  state?: Record<string, unknown>,
  command = 'open-viewer'
): Promise<Locator> {
  await page.evaluate(
    async ([id, args]) => {
      await (window as unknown as App).jupyterapp.commands.execute(`microct-io-vis:${id}`, args);
    },
    [command, { path, ...(state ? { state } : {}) }] as const
  );
  return page.locator('.mct-ViewerPanel:visible');
}

/** The errors that a page's console, and those of its workers, will have had, such as of each 404. */
export function consoleErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('console', message => {
    if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`);
  });
  return errors;
}

interface App {
  jupyterapp: { commands: { execute(id: string, args: object): Promise<unknown> } };
}

/** The part of a viewer on which Neuroglancer draws; the first one of several. */
export const picture = (viewer: Locator): Locator => viewer.locator('.neuroglancer-rendered-data-panel').first();

/** Waits until a viewer in the state of `sliceView` shows these colours. */
export async function showsColours(viewer: Locator, expected: number[][][], tolerance = TOLERANCE): Promise<void> {
  await picture(viewer).waitFor();
  let off = NaN;
  for (let tries = 0; tries < 60; tries++) {
    const shown = await shownPixels(picture(viewer), expected.length, expected[0].length);
    off = Math.max(...shown.map((row, y) => difference(row, expected[y])));
    if (off <= tolerance) return;
    await sleep(500);
  }
  assert.fail(`the picture differs from the volume by up to ${off} of 255`);
}

/**
 * Waits until a viewer in the state of `sliceView` shows these grey values, and says how far off it stayed when it
 * never does.
 */
export async function showsSlice(
  viewer: Locator,
  expected: number[][],
  tolerance = TOLERANCE,
  looks = 60
): Promise<void> {
  await picture(viewer).waitFor();
  let off = NaN;
  for (let tries = 0; tries < looks; tries++) {
    off = difference(await shownSlice(picture(viewer), expected.length, expected[0].length), expected);
    if (off <= tolerance) return;
    await sleep(500);
  }
  assert.fail(`the picture differs from the volume by up to ${off} grey values`);
}

/** Repeats an assertion until it holds. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    try {
      return await check();
    } catch {
      await sleep(250);
    }
  }
  await check();
}
