import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import { copyText } from './elements/copyText.ts';
import { button, choice, element, group, keepKeys } from './elements/dom.ts';
import { showText } from './elements/textDialog.ts';
import { holdStill } from './layers/annotationLayer.ts';
import type { VolumeRendering } from './layers/imageLayer.ts';
import { LayerControls } from './layers/layerControls.ts';
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
import type { ViewerState } from './state/viewState.ts';
import type { Volume } from './volume/volume.ts';

/** The viewer as its toolbar needs it. */
interface ToolbarEvents {
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

/** The row above the picture, with what is changed most often in the chosen layer. */
export class Toolbar {
  readonly node = element('div', { className: 'mct-Viewer-toolbar' });
  /** Element beside the picture. */
  readonly side = element('div', { className: 'mct-Viewer-side' });
  readonly #events: ToolbarEvents;
  readonly #layerControls: LayerControls;
  /** Null while there is no Neuroglancer. */
  #viewer: Viewer | null = null;
  #layersOf: MeasurementLayers | null = null;
  #measurements: MeasurementPanel | null = null;
  #segmentLayers: SegmentLayers | null = null;
  #landmarks: LandmarkLayers | null = null;
  #alignment: AlignmentPanel | null = null;
  /** What was open with the Neuroglancer before. */
  #open = { measurements: false, alignment: false };
  #frame = 0;
  #forget: (() => void) | null = null;

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
    const tools = group(this.#segments, this.#tools, this.#list, this.#align, this.#screenshot);
    if (events.link) {
      tools.append(button('Copy link', 'Copy an address that opens this view', () => void this.copyLink()));
    }
    tools.append(button('State', 'Show the view as JSON, to be copied and changed', () => this.editState()));
    this.#layerControls = new LayerControls(
      layer => events.volumeOf(layer),
      text => events.tell(text)
    );
    this.node.append(...this.#layerControls.nodes, element('span', { className: 'mct-Viewer-space' }), tools);
    for (const node of [this.node, this.side]) keepKeys(node);
  }

  /** Serves another Neuroglancer, or none. */
  attach(viewer: Viewer | null): void {
    this.#forget?.();
    // Between two there is none, with which nothing can be open.
    if (this.#viewer) {
      this.#open = {
        measurements: this.#measurements !== null,
        alignment: this.#alignment !== null
      };
    }
    this.#layerControls.attach(viewer);
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
    this.update();
  }

  dispose(): void {
    this.attach(null);
    this.node.remove();
    this.side.remove();
  }

  autoContrast(): Promise<void> {
    return this.#layerControls.autoContrast();
  }

  invert(): void {
    this.#layerControls.invert();
  }

  renderVolume(mode: VolumeRendering): void {
    this.#layerControls.renderVolume(mode);
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

  #updateSoon(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.update());
  }

  /** Shows what there is now. */
  update(): void {
    this.#layerControls.update();
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
  }
}
