import { startWorker } from '../../viewer/worker/startedWorker.ts';
import type { IHelper } from '../helper.ts';
import { OME_ZARR_TYPE, OZX_TYPE, TIFF_TYPE } from '../ids.ts';

/** Milliseconds that the mouse rests on a volume before that is taken for interest in it. */
const REST = 80;
const ITEM = '.jp-DirListing-item';

/**
 * Makes ready what a viewer needs before one is asked for, as soon as the mouse rests on a volume in a file browser, or
 * one is selected: the viewer's code and a worker; and the helper where it is what reads the volume, once it is
 * selected. Who touches no volume loads and starts nothing.
 *
 * @param opensViewer whether a double-click leads to a viewer, or to facts that the helper tells
 */
export function getReady(helper: IHelper, opensViewer: () => boolean): void {
  let isLoaded = false;
  let resting: ReturnType<typeof setTimeout> | undefined;
  const load = (): void => {
    if (isLoaded) return;
    isLoaded = true;
    startWorker();
    // Whoever opens a viewer is told of what goes wrong.
    import('../../viewer/index.ts').catch(() => (isLoaded = false));
  };
  const choose = (type: string | undefined): void => {
    if (!isVolume(type)) return;
    load();
    if (type !== OME_ZARR_TYPE && helper.state === 'off' && opensViewer()) {
      helper.request('jobs', {}).catch(() => undefined);
    }
  };
  document.addEventListener('pointerover', event => {
    clearTimeout(resting);
    if (isVolume(typeOf(event.target))) resting = setTimeout(load, REST);
  });
  document.addEventListener('pointerdown', event => choose(typeOf(event.target)), { capture: true });
  document.addEventListener('keyup', event => {
    const browser = (event.target as Element | null)?.closest?.('.jp-DirListing');
    choose(browser?.querySelector<HTMLElement>(`${ITEM}.jp-mod-selected`)?.dataset.fileType);
  });
}

const typeOf = (target: EventTarget | null): string | undefined =>
  (target as Element | null)?.closest?.<HTMLElement>(ITEM)?.dataset.fileType;

const isVolume = (type: string | undefined): boolean =>
  type === TIFF_TYPE || type === OME_ZARR_TYPE || type === OZX_TYPE;
