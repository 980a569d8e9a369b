import { ScreenshotMode } from 'neuroglancer/unstable/util/trackable_screenshot_mode.js';
import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import { element } from './elements/dom.ts';
import type { Neuroglancer } from './neuroglancer.ts';
import { pictureOf, pngOf } from './picture.ts';
import type { ViewerState } from './state/viewState.ts';
import { sleep } from './transport/sleep.ts';

/** A size in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** Milliseconds that one picture may take, and between two checks of whether it is whole. */
const PATIENCE = 120_000;
const STEP = 30;

/** Panels that may be open beside the picture, and are not in it. */
const CLOSED = ['helpPanel', 'settingsPanel', 'layerListPanel', 'selection', 'toolPalettes', 'statistics'];

/** Takes pictures of views in a size of their own, beside the viewer that a person sees. */
export class Camera {
  readonly #host = element('div', { className: 'mct-Viewer-camera' });
  readonly #neuroglancer: Neuroglancer;
  readonly #size: Size;
  readonly #room: Size;
  #failure: string | null = null;
  #isDisposed = false;

  /**
   * @param room what the person's view has for the same picture, in pixels of the page
   * @param make makes a Neuroglancer in an element that tells what it could not read
   */
  constructor(size: Size, room: Size, make: (host: HTMLElement, onFailure: (message: string) => void) => Neuroglancer) {
    this.#size = size;
    this.#room = room;
    // Lines and letters are as thick in it, by its size, as on the page.
    const ratio = Math.max(size.width / room.width, size.height / room.height, 1);
    this.#host.style.width = `${size.width / ratio}px`;
    this.#host.style.height = `${size.height / ratio}px`;
    document.body.append(this.#host);
    try {
      this.#neuroglancer = make(this.#host, message => (this.#failure ??= message));
    } catch (error) {
      this.#host.remove();
      throw error;
    }
    const { display, scaleBarOptions } = this.#neuroglancer.viewer;
    scaleBarOptions.value = { ...scaleBarOptions.value, scaleFactor: ratio };
    // The canvas has a size of its own then.
    display.screenshotMode.value = ScreenshotMode.PREVIEW;
    display.canvas.width = size.width;
    display.canvas.height = size.height;
    display.resizeCallback();
  }

  /**
   * Shows a whole state as the person's view would, and takes its picture when all of it has been read.
   *
   * @throws Error where something could not be read, takes too long, or its graphics are gone
   */
  async take(state: ViewerState): Promise<Blob> {
    const { width, height } = this.#size;
    const zoom = Math.max(this.#room.width / width, this.#room.height / height);
    const shown: ViewerState = {
      ...Object.fromEntries(Object.entries(state).filter(([key]) => !CLOSED.includes(key))),
      ...(typeof state.crossSectionScale === 'number' && { crossSectionScale: state.crossSectionScale * zoom }),
      selectedLayer: { visible: false }
    };
    this.#neuroglancer.setState(shown);
    const { viewer } = this.#neuroglancer;
    const { display } = viewer;
    const end = performance.now() + PATIENCE;
    for (let ready = 0; ready < 3; ready = isWhole(viewer) ? ready + 1 : 0) {
      await sleep(STEP);
      // Without graphics, drawing fails in words of its own.
      this.#check();
      if (performance.now() > end) throw new Error(`The picture was not whole after ${PATIENCE / 1000} s.`);
      display.draw();
    }
    display.draw();
    // What is taken of a canvas without graphics is blank, or nothing.
    return pngOf(display.canvas).finally(() => this.#check());
  }

  /** @throws Error where there is no whole picture, and will be none */
  #check(): void {
    if (this.#isDisposed) throw new Error('The viewer was closed while its picture was being taken.');
    if (this.#neuroglancer.isLost) {
      throw new Error(
        'The browser has taken the graphics of the picture away (WebGL context lost): close other viewers, then take it again.'
      );
    }
    if (this.#failure !== null) throw new Error(`The picture would not be whole. ${this.#failure}`);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#neuroglancer.dispose();
    this.#host.remove();
  }
}

/** Whether everything to be drawn is there. */
export const isWhole = (viewer: Viewer): boolean =>
  viewer.layerManager.managedLayers.every(layer => !layer.visible || layer.isReady()) && viewer.isReady();

/** Copy of a viewer's present picture, without the bars around it; null where nothing is, or can be, drawn. */
export function snapshotOf(viewer: Viewer): HTMLCanvasElement | null {
  const { display } = viewer;
  if (display.gl.isContextLost()) return null;
  display.draw();
  return pictureOf(viewer);
}
