import 'neuroglancer';
import 'neuroglancer/unstable/sliceview/chunk_format_handlers.js';
import { DisplayContext } from 'neuroglancer/unstable/display_context.js';
import type { LayerManager, UserLayer } from 'neuroglancer/unstable/layer/index.js';
import { setDefaultInputEventBindings } from 'neuroglancer/unstable/ui/default_input_event_bindings.js';
import type { ViewerOptions } from 'neuroglancer/unstable/viewer.js';
import { Viewer } from 'neuroglancer/unstable/viewer.js';
import { WatchableVisibilityPriority } from 'neuroglancer/unstable/visibility_priority/frontend.js';
import './clipLevels.ts';
import { DataContext } from './dataContext.ts';
import { explain } from './explain.ts';
import type { ViewerState } from './initialState.ts';

/** What surrounds the panels: everything in a tab, next to nothing in a notebook. */
const CHROME = {
  tab: { showLayerPanel: true, showLocation: true, showLayerHoverValues: true, showUIControls: true },
  notebook: { showLayerPanel: false, showLocation: true, showLayerHoverValues: true, showUIControls: true }
};
const ALWAYS = {
  showHelpButton: false,
  showEditStateButton: false,
  showScreenshotButton: false,
  showToolPaletteButton: false,
  showAnnotationToolStatus: false,
  showLayerDialog: false,
  resetStateWhenEmpty: false,
  showPanelBorders: false
};

/** Tells of layers whose metadata could not be read. Neuroglancer shows that in a panel that is closed, beside views that stay empty. */
function watchLayers(layers: LayerManager, onFailure: (message: string) => void): void {
  const watched = new WeakSet<UserLayer>();
  layers.layersChanged.add(() => {
    for (const { layer } of layers.managedLayers) {
      if (layer === null || watched.has(layer)) continue;
      watched.add(layer);
      layer.dataSourcesChanged.add(() => {
        for (const { loadState } of layer.dataSources) {
          if (loadState?.error !== undefined) onFailure(explain(loadState.error));
        }
      });
    }
  });
}

/** One life of Neuroglancer in an element: it ends with its WebGL context. */
export class Neuroglancer {
  readonly #element = document.createElement('div');
  readonly #display: DisplayContext;
  readonly #viewer: Viewer;
  readonly #data: DataContext;
  readonly #visibility = new WatchableVisibilityPriority(WatchableVisibilityPriority.VISIBLE);

  constructor(
    host: HTMLElement,
    chrome: keyof typeof CHROME,
    events: {
      /** A chunk, a level's metadata or a part of the program could not be loaded. */
      onFailure: (message: string) => void;
      onState: () => void;
      onContextLost: () => void;
    }
  ) {
    this.#element.className = 'mct-Viewer-neuroglancer';
    host.prepend(this.#element);
    // Neuroglancer would reload the whole page.
    const stop = (event: Event) => event.stopImmediatePropagation();
    this.#element.addEventListener('webglcontextrestored', stop, true);
    this.#element.addEventListener('webglcontextlost', events.onContextLost, true);
    // Ctrl and the wheel zoom the picture, not the page.
    this.#element.addEventListener('wheel', event => event.ctrlKey && event.preventDefault(), { passive: false });
    this.#element.addEventListener('contextmenu', event => event.preventDefault());
    // Keys that Neuroglancer does not know must not reach the page: in a notebook, an x would cut the cell.
    this.#element.addEventListener('keydown', event => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
    });
    this.#element.dataset.jpSuppressContextMenu = 'true';
    try {
      this.#display = new DisplayContext(this.#element);
    } catch (error) {
      this.#element.remove();
      throw new Error(
        `Neuroglancer needs WebGL 2, which this browser does not offer (${(error as Error).message}): switch hardware acceleration on, or try another browser.`
      );
    }
    this.#data = new DataContext(this.#display.gl, this.#display, events.onFailure);
    // Part of what these options are comes without declarations.
    const options = { ...ALWAYS, ...CHROME[chrome], dataContext: this.#data, visibility: this.#visibility };
    this.#viewer = new Viewer(this.#display, options as unknown as Partial<ViewerOptions>);
    setDefaultInputEventBindings(this.#viewer.inputEventBindings);
    this.#viewer.state.changed.add(events.onState);
    watchLayers(this.#viewer.layerManager, events.onFailure);
  }

  getState(): ViewerState {
    return this.#viewer.state.toJSON() as ViewerState;
  }

  setState(state: ViewerState): void {
    this.#viewer.state.reset();
    this.#viewer.state.restoreState(state);
  }

  setVisible(visible: boolean): void {
    this.#visibility.value = visible ? WatchableVisibilityPriority.VISIBLE : WatchableVisibilityPriority.IGNORED;
  }

  dispose(): void {
    const { gl, canvas } = this.#display;
    this.#viewer.dispose();
    this.#display.dispose();
    // Browsers keep few contexts, and collect them late.
    gl.getExtension('WEBGL_lose_context')?.loseContext();
    canvas.remove();
    this.#element.remove();
  }
}
