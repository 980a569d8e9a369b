import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import { copyText } from './elements/copyText.ts';
import { button, choice, element, optionsOf, slider } from './elements/dom.ts';
import { showText } from './elements/textDialog.ts';
import { holdStill } from './layers/annotationLayer.ts';
import { ContrastPanel } from './layers/contrastPanel.ts';
import type { ImageLayer, VolumeRendering } from './layers/imageLayer.ts';
import { VOLUME_RENDERING, imageLayersOf } from './layers/imageLayer.ts';
import { Presets } from './layers/presets.ts';
import type { Segments } from './layers/segmentLayers.ts';
import { SegmentLayers } from './layers/segmentLayers.ts';
import { AlignmentPanel } from './measuring/alignmentPanel.ts';
import { LandmarkLayers } from './measuring/landmarkLayers.ts';
import { fromRecords } from './measuring/measurementFiles.ts';
import { MeasurementLayers } from './measuring/measurementLayers.ts';
import { KIND_NAMES, MeasurementPanel } from './measuring/measurementPanel.ts';
import type { Kind, Space } from './measuring/measurements.ts';
import { recordOf } from './measuring/measurements.ts';
import type { SavePicture } from './screenshot.ts';
import { showScreenshotDialog } from './screenshot.ts';
import { COLOUR_MAPS } from './state/colourMaps.ts';
import type { ColourMap } from './state/colourMaps.ts';
import type { ViewerState } from './state/viewState.ts';
import type { Volume } from './volume/volume.ts';

/** The viewer as its toolbar needs it. */
export interface ToolbarEvents {
  /** Shows a note; for a while, where it only confirms what a person has done. */
  tell(text: string, isPassing?: boolean): void;
  /** Key of the volume that a layer shows. */
  volumeOf(layer: string): string;
  /** The first volume's space, in which is measured, and its name. */
  space(): { space: Space; name: string };
  /** All volumes that are open. */
  volumes(): Volume[];
  /** Segments of the volume at an address; null of one that is not open here. */
  segmentsOf(address: string): Segments | null;
  /** The view as JSON that can be kept. */
  state(): ViewerState;
  /** Shows another view; answers with what is wrong with it, or null. */
  setState(state: ViewerState): string | null;
  /** An address that opens a view; without it none is offered. */
  link?: (state: ViewerState) => Promise<string>;
  savePicture?: SavePicture;
}

/** The layouts without a panel for 3-D, and those that have one beside. */
const WITH_3D: Record<string, string> = { xy: 'xy-3d', xz: 'xz-3d', yz: 'yz-3d' };

/** The row above the picture, with what is changed most often in the chosen layer. */
export class Toolbar {
  readonly node = element('div', { className: 'mct-Viewer-toolbar' });
  /** Element beside the picture. */
  readonly side = element('div', { className: 'mct-Viewer-side' });
  readonly #events: ToolbarEvents;
  /** Null while there is no Neuroglancer. */
  #viewer: Viewer | null = null;
  #panel: ContrastPanel | null = null;
  #panelOf = '';
  #layersOf: MeasurementLayers | null = null;
  #measurements: MeasurementPanel | null = null;
  #segmentLayers: SegmentLayers | null = null;
  #landmarks: LandmarkLayers | null = null;
  #alignment: AlignmentPanel | null = null;
  /** What was open with the Neuroglancer before. */
  #open = { measurements: false, alignment: false, contrast: false };
  #chosen: string | null = null;
  #frame = 0;
  #forget: (() => void) | null = null;

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

  readonly #segments = button(
    'Segments',
    'List the segments with their names and voxels, to be found, chosen, hidden and coloured',
    () => this.listSegments(this.#segmentLayers?.isListed !== true)
  );
  readonly #tools = choice('What is measured next', { '': 'Measure…', ...KIND_NAMES }, kind =>
    this.measure(kind as Kind | '')
  );
  readonly #list = button('List', 'Measurements: lengths, areas, volumes and angles, to be exported and imported', () =>
    this.listMeasurements(this.#measurements === null)
  );
  readonly #align = button('Align', 'Lay one volume on another by points that are the same place in both', () =>
    this.showAlignment(this.#alignment === null)
  );
  readonly #screenshot = button('Screenshot', 'Take a picture in high resolution, with its scale bar', () =>
    this.takeScreenshot()
  );

  constructor(events: ToolbarEvents) {
    this.#events = events;
    this.node.setAttribute('role', 'toolbar');
    this.node.setAttribute('aria-label', 'Picture');
    this.#colour.setAttribute('aria-label', 'Colour');
    this.#colour.addEventListener('input', () => this.#change(layer => (layer.colour = this.#colour.value)));
    const threeD = element('label', {}, '3-D', this.#rendering);
    // Controls that belong together go to the next row together.
    const group = (...nodes: Node[]): HTMLElement => element('span', { className: 'mct-Viewer-group' }, ...nodes);
    const tools = group(this.#segments, this.#tools, this.#list, this.#align, this.#screenshot);
    if (events.link) {
      tools.append(button('Copy link', 'Copy an address that opens this view', () => void this.copyLink()));
    }
    tools.append(button('State', 'Show the view as JSON, to be copied and changed', () => this.editState()));
    this.node.append(
      ...[this.#layers, this.#auto, this.#invert, this.#contrast, this.#maps, this.#colour],
      ...[threeD, this.#gain.label, group(this.#opacity.label, this.#blend, this.#raise, this.#lower)],
      element('span', { className: 'mct-Viewer-space' }),
      tools
    );
    // Keys are the toolbar's, and not the notebook's or JupyterLab's.
    for (const node of [this.node, this.side]) {
      node.addEventListener('keydown', event => {
        if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
      });
    }
  }

  /** Serves another Neuroglancer, or none. */
  attach(viewer: Viewer | null): void {
    this.#forget?.();
    // Between two there is none, with which nothing can be open.
    if (this.#viewer) {
      this.#open = {
        measurements: this.#measurements !== null,
        alignment: this.#alignment !== null,
        contrast: this.#panel !== null
      };
    }
    this.#closePanel();
    this.listMeasurements(false);
    this.showAlignment(false);
    this.#landmarks = viewer && new LandmarkLayers(viewer, this.#events.volumes());
    this.#layersOf = viewer && new MeasurementLayers(viewer, this.#events.space().space);
    this.#segmentLayers?.dispose();
    this.#segmentLayers = viewer && new SegmentLayers(viewer, this.#events.segmentsOf, this.#events.tell);
    this.#viewer = viewer;
    this.#forget = viewer && viewer.state.changed.add(() => this.#updateSoon());
    if (viewer && this.#open.measurements) this.listMeasurements(true);
    if (viewer && this.#open.alignment && this.#isAlignable) this.showAlignment(true);
    if (viewer && this.#open.contrast) this.#openPanel();
    this.update();
  }

  dispose(): void {
    this.attach(null);
    this.node.remove();
    this.side.remove();
  }

  async autoContrast(): Promise<void> {
    const viewer = this.#viewer;
    this.#auto.disabled = true;
    try {
      await this.#layer?.autoContrast();
    } catch (error) {
      // Of a picture that another one has taken the place of nothing is to be said.
      if (viewer === this.#viewer) this.#events.tell((error as Error).message);
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

  /** Starts measuring by clicks: a kind, or nothing. */
  measure(kind: Kind | ''): void {
    this.#layersOf?.draw(kind || null);
    if (kind) this.listMeasurements(true);
    this.update();
  }

  /** Shows the list of measurements beside the picture, or hides it. */
  listMeasurements(isShown: boolean): void {
    if (!isShown || !this.#layersOf) {
      this.#measurements?.node.remove();
      this.#measurements = null;
    } else if (!this.#measurements) {
      const { space, name } = this.#events.space();
      this.#measurements = new MeasurementPanel(this.#layersOf, space, name);
      this.side.append(this.#measurements.node);
    }
    this.update();
  }

  /** The volumes that can be moved by themselves: labels go with their image. */
  get #alignable(): Volume[] {
    const volumes = this.#events.volumes();
    return volumes.filter(each => !volumes.some(other => other !== each && each.url.startsWith(other.url)));
  }

  get #isAlignable(): boolean {
    return this.#landmarks !== null && this.#alignable.length > 1;
  }

  /** Shows beside the picture what aligns one volume to another, or hides it. */
  showAlignment(isShown: boolean): void {
    if (isShown && this.#landmarks && !this.#isAlignable) {
      return this.#events.tell(
        'Two volumes can be aligned to each other: show another one here first (“Add to Viewer” in the file browser’s menu, or drag it onto the picture).'
      );
    }
    if (!isShown || !this.#landmarks) {
      if (this.#alignment && this.#landmarks) this.#landmarks.placing = null;
      this.#alignment?.node.remove();
      this.#alignment = null;
    } else if (!this.#alignment) {
      this.#alignment = new AlignmentPanel(this.#landmarks, this.#alignable);
      this.side.append(this.#alignment.node);
    }
    this.update();
  }

  /** Null while there is no Neuroglancer. */
  get landmarks(): LandmarkLayers | null {
    return this.#landmarks;
  }

  /** Shows the list of segments beside the picture, or hides it. */
  listSegments(isShown: boolean): void {
    this.#segmentLayers?.list(isShown);
    this.update();
  }

  /** Measurements as they are exported; setting replaces them all. @throws Error with the record that is wrong */
  get measurements(): Record<string, unknown>[] {
    return this.#layersOf?.all.map(({ annotation, space }) => recordOf(annotation, space)) ?? [];
  }

  set measurements(records: Record<string, unknown>[]) {
    this.#layersOf?.replace(fromRecords(records, this.#events.space().space));
  }

  /** Null while there is no Neuroglancer. */
  get measurementLayers(): MeasurementLayers | null {
    return this.#layersOf;
  }

  /** Puts an address that opens this view into the clipboard. */
  async copyLink(): Promise<void> {
    const { link, state, tell } = this.#events;
    if (!link) return;
    try {
      const address = await link(state());
      if (await copyText(address)) tell('A link to this view is in the clipboard.', true);
      else showText(this.node, 'A link to this view', address);
    } catch (error) {
      tell((error as Error).message);
    }
  }

  editState(): void {
    const { state, setState } = this.#events;
    showText(this.node, 'The view as JSON', JSON.stringify(state(), null, 2), text => {
      try {
        const json = JSON.parse(text) as unknown;
        const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
        return isObject ? setState(json as ViewerState) : 'A view is a JSON object: { … }.';
      } catch (error) {
        return `This is not JSON, and nothing was changed: ${(error as Error).message}`;
      }
    });
  }

  takeScreenshot(): void {
    if (this.#viewer) showScreenshotDialog(this.#viewer, text => this.#events.tell(text), this.#events.savePicture);
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

  #updateSoon(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.update());
  }

  /** Shows what the layer is like now. */
  update(): void {
    const layers = this.#viewer ? imageLayersOf(this.#viewer) : [];
    const layer = this.#layer;
    const names = layers.map(({ name }) => name);
    this.#layers.hidden = layers.length < 2;
    if ([...this.#layers.options].map(({ value }) => value).join('\n') !== names.join('\n')) {
      this.#layers.replaceChildren(...optionsOf(Object.fromEntries(names.map(name => [name, name]))));
    }
    if (this.#viewer) holdStill(this.#viewer);
    this.#segmentLayers?.update();
    this.#segments.hidden = this.#segmentLayers?.areThere !== true;
    this.#segments.setAttribute('aria-expanded', String(this.#segmentLayers?.isListed === true));
    this.#tools.value = this.#layersOf?.tool ?? '';
    this.#list.setAttribute('aria-expanded', String(this.#measurements !== null));
    this.#measurements?.update();
    this.#align.hidden = !this.#isAlignable;
    this.#align.setAttribute('aria-expanded', String(this.#alignment !== null));
    this.#alignment?.update();
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

  #togglePanel(): void {
    if (this.#panel) this.#closePanel();
    else this.#openPanel();
    this.update();
  }

  #openPanel(): void {
    this.#closePanel();
    const [viewer, layer] = [this.#viewer, this.#layer];
    if (!viewer || !layer) return;
    const presets = new Presets(this.#events.volumeOf(layer.name));
    this.#panel = new ContrastPanel(viewer, layer, presets, text => this.#events.tell(text));
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
