import 'neuroglancer';
import 'neuroglancer/unstable/sliceview/chunk_format_handlers.js';
import { DisplayContext } from 'neuroglancer/unstable/display_context.js';
import type { LayerManager, UserLayer } from 'neuroglancer/unstable/layer/index.js';
import { layerTypes } from 'neuroglancer/unstable/layer/index.js';
import { statusMessages } from 'neuroglancer/unstable/status.js';
import { setDefaultInputEventBindings } from 'neuroglancer/unstable/ui/default_input_event_bindings.js';
import type { ViewerOptions } from 'neuroglancer/unstable/viewer.js';
import { Viewer } from 'neuroglancer/unstable/viewer.js';
import { WatchableVisibilityPriority } from 'neuroglancer/unstable/visibility_priority/frontend.js';
import { keepKeys } from './elements/dom.ts';
import { keepChoice } from './measuring/alignmentChoice.ts';
import './patches/clipLevels.ts';
import { onFirstPicture } from './patches/firstPicture.ts';
import { makeReachable } from './patches/reach.ts';
import './patches/readout.ts';
import './patches/scaleBar.ts';
import { chooseByRow } from './patches/segmentRows.ts';
import { drawEditors } from './patches/shaderEditor.ts';
import './patches/storedCodec.ts';
import { shareWheel } from './patches/wheel.ts';
import { volumeNotOpen } from './state/addresses.ts';
import type { ViewerState } from './state/viewState.ts';
import type { DataEvents } from './worker/dataContext.ts';
import { DataContext } from './worker/dataContext.ts';
import { explain } from './worker/explain.ts';

/** Neuroglancer's options for what surrounds the panels. */
const CHROME = {
  showLayerPanel: true,
  showLocation: true,
  showLayerHoverValues: true,
  showUIControls: true,
  showHelpButton: true,
  showEditStateButton: false,
  showScreenshotButton: false,
  showToolPaletteButton: true,
  showAnnotationToolStatus: true,
  showLayerDialog: false,
  resetStateWhenEmpty: false,
  showPanelBorders: false
};

/** The same where something is chosen on the picture. */
const PLAIN = {
  showLayerPanel: false,
  showHelpButton: false,
  showToolPaletteButton: false,
  showSettingsButton: false,
  showLayerSidePanelButton: false,
  showLayerListPanelButton: false,
  showSelectionPanelButton: false
};

/** The same for a picture that nobody clicks: the panels alone. */
const BARE = { ...PLAIN, showLocation: false, showLayerHoverValues: false, showUIControls: false };

/**
 * Messages of Neuroglancer about layers that it cannot make while `work` is done: it shows them in a corner of the
 * page, and nowhere else.
 */
function layerErrors(work: () => void): string[] {
  const before = new Set(statusMessages);
  work();
  const said: string[] = [];
  for (const message of [...statusMessages].filter(each => !before.has(each))) {
    // Errors have a button; other messages are of things that go on.
    if (message.element.querySelector('button') === null) continue;
    said.push(message.element.firstChild?.textContent?.trim() ?? '');
    message.dispose();
  }
  return said;
}

/** Throws where Neuroglancer would show something else than a state says, without a word. */
function checkState({ dimensions, position, layers }: ViewerState): void {
  const rank = Object.keys(dimensions ?? {}).length;
  if (Array.isArray(position) && rank > 0 && position.length !== rank) {
    throw new Error(`"position" has ${position.length} coordinates, and there are ${rank} dimensions.`);
  }
  for (const layer of Array.isArray(layers) ? layers : []) {
    const { name, type } = (layer ?? {}) as Record<string, unknown>;
    if (type !== undefined && !layerTypes.has(type as string)) {
      const known = [...layerTypes.keys()].filter(each => each !== 'new' && each !== 'auto').join(', ');
      throw new Error(`layer ${JSON.stringify(name)} is of type ${JSON.stringify(type)}, which is none of ${known}.`);
    }
  }
}

/**
 * Tells of layers whose metadata could not be read. Neuroglancer shows that in a panel that is closed, beside views
 * that stay empty.
 */
function watchLayers(layers: LayerManager, onFailure: (message: string) => void): void {
  const watched = new WeakSet<UserLayer>();
  layers.layersChanged.add(() => {
    for (const { layer } of layers.managedLayers) {
      if (layer === null || watched.has(layer)) continue;
      watched.add(layer);
      layer.dataSourcesChanged.add(() => {
        for (const { loadState, spec } of layer.dataSources) {
          if (loadState?.error === undefined) continue;
          const absent = volumeNotOpen(spec.url);
          onFailure(
            `Layer “${layer.managedLayer.name}”: ${absent === null ? explain(loadState.error) : `${absent} is not open here.`}`
          );
        }
      });
    }
  });
}

/** Neuroglancer in an element, with one WebGL context, with which it ends. */
export class Neuroglancer {
  readonly #element = document.createElement('div');
  readonly #display: DisplayContext;
  readonly #viewer: Viewer;
  readonly #data: DataContext;
  readonly #onState: () => void;
  readonly #ends: (() => void)[] = [];
  /** Whether a state is being put in place, which is half the old one meanwhile. */
  #isChanging = false;
  readonly #visibility = new WatchableVisibilityPriority(WatchableVisibilityPriority.VISIBLE);

  constructor(
    host: HTMLElement,
    look: {
      /** Name for screen readers. */
      label: string;
      /** Whether it stands in a page that scrolls. */
      inPage: boolean;
      /** Whether only the picture and the place in it are shown. */
      isPlain: boolean;
      /** Whether there is nothing but panels. */
      isBare?: boolean;
    },
    events: DataEvents & {
      onState: () => void;
      onContextLost: () => void;
    }
  ) {
    this.#element.className = 'mct-Viewer-neuroglancer';
    this.#element.setAttribute('role', 'application');
    this.#element.setAttribute('aria-label', look.label);
    host.prepend(this.#element);
    // Otherwise Neuroglancer would reload the whole page.
    const stop = (event: Event) => event.stopImmediatePropagation();
    this.#element.addEventListener('webglcontextrestored', stop, true);
    this.#element.addEventListener('webglcontextlost', events.onContextLost, true);
    // Ctrl and the wheel zoom the picture, not the page.
    this.#element.addEventListener('wheel', event => event.ctrlKey && event.preventDefault(), { passive: false });
    this.#element.addEventListener('contextmenu', event => event.preventDefault());
    // Those that Neuroglancer does not know, too.
    keepKeys(this.#element);
    // Neuroglancer has Tab go round among the coordinates, and its editor of shaders writes it: here it leads on and
    // out. It completes addresses.
    this.#element.addEventListener(
      'keydown',
      event => {
        const inAddress = (event.target as Element).closest('.neuroglancer-multiline-autocomplete') !== null;
        if (event.key === 'Tab' && !inAddress) event.stopImmediatePropagation();
      },
      { capture: true }
    );
    this.#element.dataset.jpSuppressContextMenu = 'true';
    try {
      this.#display = new DisplayContext(this.#element);
    } catch (error) {
      this.#element.remove();
      throw new Error(
        `Neuroglancer needs WebGL 2, which this browser does not offer (${(error as Error).message}): switch hardware acceleration on, or try another browser.`
      );
    }
    this.#data = new DataContext(this.#display.gl, this.#display, events);
    this.#ends.push(onFirstPicture(this.#display, this.#data.chunkQueueManager, () => this.#data.goOn()));
    // Some of these options come without declarations.
    const chrome = { ...CHROME, ...(look.isPlain && PLAIN), ...(look.isBare && BARE) };
    const options = { ...chrome, dataContext: this.#data, visibility: this.#visibility };
    if (look.inPage) this.#ends.push(shareWheel(this.#element));
    this.#ends.push(drawEditors(this.#element), chooseByRow(this.#element), makeReachable(this.#element));
    try {
      this.#viewer = new Viewer(this.#display, options as unknown as Partial<ViewerOptions>);
    } catch (error) {
      this.#end();
      throw error;
    }
    keepChoice(this.#viewer);
    setDefaultInputEventBindings(this.#viewer.inputEventBindings);
    this.#onState = events.onState;
    this.#viewer.state.changed.add(() => this.#isChanging || this.#onState());
    watchLayers(this.#viewer.layerManager, events.onFailure);
  }

  /** Neuroglancer's own viewer, for controls outside of it. */
  get viewer(): Viewer {
    return this.#viewer;
  }

  /** Whether the browser has taken its WebGL context away. */
  get isLost(): boolean {
    return this.#display.gl.isContextLost();
  }

  /** Makes the decoders of chunks with this compression ready. */
  prepareDecoding(compression: string[]): void {
    this.#data.prepareDecoding(compression);
  }

  getState(): ViewerState {
    // Without keys that have no value.
    return JSON.parse(JSON.stringify(this.#viewer.state.toJSON())) as ViewerState;
  }

  /** @throws Error with what cannot be taken; the view is unspecified then */
  setState(state: ViewerState): void {
    checkState(state);
    this.#isChanging = true;
    try {
      const errors = layerErrors(() => {
        this.#viewer.state.reset();
        this.#viewer.state.restoreState(state);
      });
      if (errors.length > 0) throw new Error(`a layer cannot be made: ${errors.join('; ')}`);
    } finally {
      this.#isChanging = false;
    }
    this.#onState();
  }

  setVisible(visible: boolean): void {
    this.#visibility.value = visible ? WatchableVisibilityPriority.VISIBLE : WatchableVisibilityPriority.IGNORED;
  }

  dispose(): void {
    this.#end(() => this.#viewer.dispose());
  }

  #end(before?: () => void): void {
    this.#data.end();
    for (const end of this.#ends) end();
    const { gl, canvas } = this.#display;
    before?.();
    this.#display.dispose();
    // Browsers keep few contexts, and collect them late.
    gl.getExtension('WEBGL_lose_context')?.loseContext();
    canvas.remove();
    this.#element.remove();
  }
}
