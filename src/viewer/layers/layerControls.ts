import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import { button, choice, element, group, offer, slider } from '../elements/dom.ts';
import { COLOUR_MAPS } from '../state/colourMaps.ts';
import type { ColourMap } from '../state/colourMaps.ts';
import { ContrastPanel } from './contrastPanel.ts';
import type { ImageLayer, VolumeRendering } from './imageLayer.ts';
import { VOLUME_RENDERING, imageLayersOf } from './imageLayer.ts';
import { Presets } from './presets.ts';

/** The layouts without a panel for 3-D, and those that have one beside. */
const WITH_3D: Record<string, string> = { xy: 'xy-3d', xz: 'xz-3d', yz: 'yz-3d' };

/** What is changed most often in the layer of an image that is chosen among them: contrast, colours, 3-D, order. */
export class LayerControls {
  readonly nodes: HTMLElement[];
  readonly #volumeOf: (layer: string) => string;
  readonly #tell: (text: string) => void;
  /** Null while there is no Neuroglancer. */
  #viewer: Viewer | null = null;
  #panel: ContrastPanel | null = null;
  #panelOf = '';
  /** Whether the panel was open with the Neuroglancer before. */
  #wasOpen = false;
  #chosen: string | null = null;

  readonly #layers = choice('Layer that is changed here', {}, name => {
    this.#chosen = name;
    this.update();
  });
  readonly #auto = button('Auto', 'Contrast from the 1st to the 99th percentile of what is in view', () => {
    void this.autoContrast();
  });
  readonly #invert = button('Invert', 'Swap black and white', () => this.invert());
  readonly #contrast = button('Contrast', 'Histogram, range of values, and presets', () => this.#togglePanel());
  readonly #maps = choice('Colours', COLOUR_MAPS, map => this.#change(layer => (layer.colourMap = map as ColourMap)));
  readonly #colour = element('input', { type: 'color', title: 'Colour' });
  readonly #rendering = choice('How the volume is shown in 3-D', VOLUME_RENDERING, mode =>
    this.renderVolume(mode as VolumeRendering)
  );
  readonly #gain = slider('Gain', 'How solid the volume is', [-5, 8, 0.1], gain =>
    this.#change(layer => (layer.gain = gain))
  );
  readonly #opacity = slider('Opacity', 'Opacity of the layer in slices', [0, 1, 0.01], opacity =>
    this.#change(layer => (layer.opacity = opacity))
  );
  readonly #blend = choice('How the layer is laid over those below', { over: 'Over', add: 'Added' }, value =>
    this.#change(layer => (layer.isAdded = value === 'add'))
  );
  readonly #raise = button('Raise', 'Draw the layer over the next one', () => this.#move(1));
  readonly #lower = button('Lower', 'Draw the layer under the one before', () => this.#move(-1));

  /** `volumeOf`: key of the volume that a layer shows. `tell` shows a note. */
  constructor(volumeOf: (layer: string) => string, tell: (text: string) => void) {
    this.#volumeOf = volumeOf;
    this.#tell = tell;
    this.#colour.setAttribute('aria-label', 'Colour');
    this.#colour.addEventListener('input', () => this.#change(layer => (layer.colour = this.#colour.value)));
    this.nodes = [
      ...[this.#layers, this.#auto, this.#invert, this.#contrast, this.#maps, this.#colour],
      ...[element('label', {}, '3-D', this.#rendering), this.#gain.label],
      group(this.#opacity.label, this.#blend, this.#raise, this.#lower)
    ];
  }

  /** Serves another Neuroglancer, or none. */
  attach(viewer: Viewer | null): void {
    // Between two there is none, with which nothing can be open.
    if (this.#viewer) this.#wasOpen = this.#panel !== null;
    this.#closePanel();
    this.#viewer = viewer;
    if (viewer && this.#wasOpen) this.#openPanel();
    this.update();
  }

  async autoContrast(): Promise<void> {
    const viewer = this.#viewer;
    this.#auto.disabled = true;
    try {
      await this.#layer?.autoContrast();
    } catch (error) {
      // Of a picture that another one has taken the place of nothing is to be said.
      if (viewer === this.#viewer) this.#tell((error as Error).message);
    } finally {
      this.update();
    }
  }

  invert(): void {
    this.#change(layer => layer.invert());
  }

  /** Draws the volume in 3-D in place of the slices there, or the slices again. */
  renderVolume(mode: VolumeRendering): void {
    const viewer = this.#viewer;
    if (!viewer) return;
    this.#change(layer => (layer.volumeRendering = mode));
    viewer.showPerspectiveSliceViews.value = imageLayersOf(viewer).every(layer => layer.volumeRendering === 'off');
    const layout = viewer.layout.toJSON() as unknown;
    if (mode !== 'off' && typeof layout === 'string' && layout in WITH_3D) viewer.layout.restoreState(WITH_3D[layout]);
  }

  /** Shows what the layer is like now. */
  update(): void {
    const layers = this.#viewer ? imageLayersOf(this.#viewer) : [];
    const layer = this.#layer;
    const names = layers.map(({ name }) => name);
    this.#layers.hidden = layers.length < 2;
    offer(this.#layers, names);
    const contrast = layer?.contrast ?? null;
    for (const control of [this.#auto, this.#invert, this.#contrast]) control.disabled = contrast === null;
    for (const control of [this.#maps, this.#rendering]) control.disabled = !layer?.dtype;
    this.#contrast.setAttribute('aria-expanded', String(this.#panel !== null));
    for (const node of [this.#opacity.label, this.#blend, this.#raise, this.#lower]) node.hidden = layers.length < 2;
    this.#gain.label.hidden = layer?.volumeRendering !== 'on';
    const colour = layer?.colour ?? null;
    this.#colour.hidden = colour === null;
    this.#raise.disabled = layer?.name === names.at(-1);
    this.#lower.disabled = layer?.name === names[0];
    if (this.#panel && this.#panelOf !== panelKey(layer)) this.#openPanel();
    if (!layer) return;
    this.#layers.value = layer.name;
    // A person's own shader is not in the list.
    this.#maps.value = layer.colourMap ?? '';
    if (colour !== null) this.#colour.value = colour;
    this.#rendering.value = layer.volumeRendering;
    this.#gain.input.valueAsNumber = layer.gain;
    this.#opacity.input.valueAsNumber = layer.opacity;
    this.#blend.value = layer.isAdded ? 'add' : 'over';
  }

  get #layer(): ImageLayer | null {
    if (!this.#viewer) return null;
    const layers = imageLayersOf(this.#viewer);
    return layers.find(({ name }) => name === this.#chosen) ?? layers.at(0) ?? null;
  }

  #change(change: (layer: ImageLayer) => void): void {
    const layer = this.#layer;
    if (layer) change(layer);
    this.update();
  }

  /** Moves the layer past a neighbour: later ones are drawn over those before. */
  #move(by: 1 | -1): void {
    const [viewer, layer] = [this.#viewer, this.#layer];
    if (!viewer || !layer) return;
    const names = imageLayersOf(viewer).map(({ name }) => name);
    const { layerManager } = viewer;
    const [from, to] = [layer.name, names[names.indexOf(layer.name) + by]].map(name =>
      layerManager.managedLayers.findIndex(each => each.name === name)
    );
    this.#chosen = layer.name;
    layerManager.reorderManagedLayer(from, to);
    this.update();
  }

  #togglePanel(): void {
    if (this.#panel) this.#closePanel();
    else this.#openPanel();
    this.update();
  }

  #openPanel(): void {
    this.#closePanel();
    const [viewer, layer] = [this.#viewer, this.#layer];
    if (!viewer || !layer) return;
    const presets = new Presets(this.#volumeOf(layer.name));
    this.#panel = new ContrastPanel(viewer, layer, presets, this.#tell);
    this.#panelOf = panelKey(layer);
    this.#panel.showIn(viewer);
  }

  #closePanel(): void {
    this.#panel?.dispose();
    this.#panel = null;
  }
}

/** Key of the panel of contrast: another layer, another shader, or one whose metadata has come, has another panel. */
const panelKey = (layer: ImageLayer | null): string =>
  `${layer?.name}\n${layer?.look.shader}\n${layer?.contrast ? 'known' : ''}`;
