import { Addresses } from './addresses.ts';
import { Banner } from './banner.ts';
import { initialState, layersOf, sourceOf } from './initialState.ts';
import { Neuroglancer } from './neuroglancer.ts';
import { addReader } from './readerFrontend.ts';
import type { Volumes } from './readVolumes.ts';
import { readVolumes } from './readVolumes.ts';
import type { ViewerSource } from './source.ts';
import { httpReader } from './strictFetch.ts';
import type { ViewerState } from './viewState.ts';
import { laidOver } from './viewState.ts';

export interface ViewerOptions {
  /** One OME-Zarr, or several that share a space. */
  source: ViewerSource | ViewerSource[];
  /** A state from `getState`; one that is not whole is laid over the first look. */
  state?: ViewerState;
  /** Called when position, zoom, contrast or anything else of the state changes: often. */
  onState?: () => void;
  /** Address, with a slash at the end, below which the page's own server has its files. */
  server?: string;
  /** Where it is: in a notebook there is less room. `tab` by default. */
  place?: 'tab' | 'notebook';
}

/** A viewer in an element, until it is disposed of. */
export interface ViewerHandle {
  /** Neuroglancer's state as JSON, whole; addresses in it hold in other pages and sessions too. */
  getState(): ViewerState;
  /** Takes a state from `getState` in the place of the present one, and lays one that is not whole over the first look. What cannot be taken is said. */
  setState(state: ViewerState): void;
  /** A viewer that is not visible fetches and draws nothing. */
  setVisible(visible: boolean): void;
  /** Reads everything again. */
  reload(): void;
  dispose(): void;
}

/** A WebGL context that is lost sooner, in milliseconds, is not replaced unasked. */
const SHORT_LIFE = 5000;

/** A volume and its labels, and what to do with their addresses at the end. */
async function open(source: ViewerSource): Promise<Volumes & { dispose: () => void }> {
  if (source.url !== undefined) {
    const url = new URL(source.url.endsWith('/') ? source.url : `${source.url}/`, document.baseURI).href;
    return { ...(await readVolumes(source.name, url, httpReader(url))), dispose: () => undefined };
  }
  const { reader } = source;
  const { url, dispose } = addReader(reader);
  try {
    return { ...(await readVolumes(source.name, url, async key => (await reader(key, {}))?.bytes ?? null)), dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/**
 * Shows OME-Zarrs in `host`, which must have a size.
 *
 * @throws Error with what to do when the metadata cannot be read, the voxels cannot be shown, or there is no WebGL 2
 */
export async function createViewer(host: HTMLElement, options: ViewerOptions): Promise<ViewerHandle> {
  const opening = [options.source].flat().map(open);
  const opened = await Promise.all(opening).catch(async (error: unknown) => {
    for (const each of await Promise.allSettled(opening)) if (each.status === 'fulfilled') each.value.dispose();
    throw error;
  });
  const volumes = [...opened.map(({ volume }) => volume), ...opened.flatMap(({ labels }) => labels)];
  const addresses = new Addresses(
    opened.map(({ volume }) => volume),
    options.server,
    new Map(volumes.flatMap(layersOf).map(({ name, volume }) => [name, sourceOf(volume)]))
  );
  const place = options.place ?? 'tab';
  const layout = place === 'tab' ? '4panel-alt' : 'xy-3d';
  host.classList.add('mct-Viewer-host');
  const first = initialState(volumes, layout, Math.max(100, Math.min(host.clientWidth, host.clientHeight) / 2));
  const complete = (state: ViewerState): ViewerState => laidOver(first, addresses.restore(state));

  let visible = true;
  /** Null while the browser has taken the WebGL context away, and after the end. */
  let current: Neuroglancer | null = null;
  /** What to show when there is a context again. */
  let kept = complete(options.state ?? {});
  let disposed = false;

  const banner = new Banner(host, rebuild);

  function build(): void {
    const built = performance.now();
    const made: Neuroglancer = new Neuroglancer(host, {
      onFailure: message => {
        if (current === made) {
          banner.show(`Some of the volume could not be read; what is missing in the picture is not empty. ${message}`);
        }
      },
      onState: () => {
        if (current === made) options.onState?.();
      },
      onContextLost: () => {
        // Not within the event, which others hear too.
        setTimeout(() => current === made && recover(performance.now() - built));
      }
    });
    current = made;
    take(made, kept, first);
    made.setVisible(visible);
  }

  /** Shows a state, or what is to be shown in its place where Neuroglancer cannot take it. */
  function take(viewer: Neuroglancer, wanted: ViewerState, instead: ViewerState): void {
    try {
      viewer.setState(wanted);
    } catch (error) {
      viewer.setState(instead);
      banner.tell(`The view that was asked for cannot be shown, and is not: ${(error as Error).message}`);
    }
  }

  function drop(): void {
    kept = current?.getState() ?? kept;
    current?.dispose();
    current = null;
  }

  /** Makes Neuroglancer anew: with it, all that it has read and all that it could not read is forgotten. */
  function rebuild(): void {
    if (disposed) return;
    drop();
    banner.hide();
    try {
      build();
    } catch (error) {
      banner.show((error as Error).message);
    }
  }

  /** The context is gone after `lived` milliseconds. One that is not seen waits, lest viewers take contexts from each other in turns. */
  function recover(lived: number): void {
    drop();
    if (lived < SHORT_LIFE) {
      banner.show(
        'The browser has taken the graphics of this viewer away (WebGL context lost): close other viewers, then retry.'
      );
    } else if (visible) {
      rebuild();
    }
  }

  function dispose(): void {
    disposed = true;
    drop();
    banner.dispose();
    host.classList.remove('mct-Viewer-host');
    for (const each of opened) each.dispose();
  }

  try {
    build();
  } catch (error) {
    dispose();
    throw error;
  }
  const unread = opened.flatMap(each => each.unread);
  if (unread.length > 0) {
    banner.show(`The labels could not be read and are not in the list: close this and open it again. ${unread[0]}`);
  }
  return {
    getState: () => addresses.keep(current?.getState() ?? kept),
    setState: state => {
      kept = complete(state);
      if (current) take(current, kept, current.getState());
    },
    setVisible: value => {
      visible = value;
      current?.setVisible(value);
      if (value && !current && !banner.isShown) rebuild();
    },
    reload: rebuild,
    dispose
  };
}
