import { calculatePanelViewportBounds } from 'neuroglancer/unstable/util/viewer_resolution_stats.js';
import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import { element } from './elements/dom.ts';

/**
 * Copy of what a viewer has just drawn, without the bars around it; null where that is nothing. It lasts no longer than
 * the task in which it was drawn.
 */
export function pictureOf({ display }: Viewer): HTMLCanvasElement | null {
  const { left, top, right, bottom } = calculatePanelViewportBounds(display.panels).totalRenderPanelViewport;
  const [width, height] = [right - left, bottom - top];
  if (!(width > 0 && height > 0)) return null;
  const canvas = element('canvas', { width, height });
  canvas.getContext('2d')!.drawImage(display.canvas, left, top, width, height, 0, 0, width, height);
  return canvas;
}

/** PNG of what is in a canvas now. @throws Error where the browser makes none */
export async function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  const png = await new Promise<Blob | null>(resolve => canvas.toBlob(resolve, 'image/png'));
  if (png === null) throw new Error('The browser has no memory for a picture of this size.');
  return png;
}
