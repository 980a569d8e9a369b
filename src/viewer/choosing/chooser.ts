import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import type { InvlerpWidget } from 'neuroglancer/unstable/widget/invlerp.js';
import { button, element, keepKeys, slider } from '../elements/dom.ts';
import { histogramOf } from '../layers/histogram.ts';
import type { ImageLayer } from '../layers/imageLayer.ts';
import { imageLayersOf } from '../layers/imageLayer.ts';
import type { Region, Triple } from './region.ts';
import { endedAt, isWhole, wholeOf } from './region.ts';
import { RegionOverlay } from './regionOverlay.ts';

/** Choice on a picture. */
export interface Choice {
  /** Null: all of it. */
  region: Region | null;
  /** Values shown black and white; null: those of the picture. */
  range: [number, number] | null;
}

export interface ChooserOptions {
  choice: Choice;
  /** Called with a person's choice, at each step of a drag. */
  onChange: (change: Partial<Choice>) => void;
}

/**
 * Region, slices and values that are chosen on the picture of a volume: a row above it, a box over its slices, and the
 * histogram below, with two handles.
 */
export class Chooser {
  readonly head = element('div', { className: 'mct-Viewer-toolbar' });
  readonly foot = element('div', { className: 'mct-Viewer-values' });
  readonly #onChange: ChooserOptions['onChange'];
  #choice: Choice;
  #shape: Triple = [1, 1, 1];
  #viewer: Viewer | null = null;
  #overlay: RegionOverlay | null = null;
  #histogram: InvlerpWidget | null = null;
  #ends: (() => void)[] = [];
  /** The range as it was last set or heard of. */
  #known = '';

  readonly #draw = button('Draw box', 'Drag on a slice to draw the region, its edges to change it', () =>
    this.#setDrawing(true)
  );
  readonly #move = button('Move picture', 'Drag to move the picture', () => this.#setDrawing(false));
  readonly #slice = slider('Slice', 'The slice that is shown', [0, 0, 1], slice => this.#show(slice));
  readonly #number = element('output', { className: 'mct-Viewer-slice' });
  readonly #first = button('First', 'The region begins with this slice', () => this.#end('from'));
  readonly #last = button('Last', 'The region ends with this slice', () => this.#end('to'));
  readonly #all = button('Whole volume', 'Choose all of it again', () => this.#choose(wholeOf(this.#shape)));
  readonly #size = element('span', { className: 'mct-Viewer-size' });
  readonly #auto = button('Auto', 'Black and white from the 1st to the 99th percentile of what is in view', () => {
    void this.#autoRange();
  });
  readonly #values = element('div', { className: 'mct-Viewer-histogram' });

  constructor({ choice, onChange }: ChooserOptions) {
    this.#choice = choice;
    this.#onChange = onChange;
    this.head.setAttribute('role', 'toolbar');
    this.head.setAttribute('aria-label', 'Region');
    this.foot.setAttribute('role', 'group');
    this.foot.setAttribute('aria-label', 'Values from black to white');
    this.#size.setAttribute('role', 'status');
    const gap = element('span', { className: 'mct-Viewer-space' });
    this.head.append(
      ...[this.#draw, this.#move, this.#slice.label, this.#number],
      ...[this.#first, this.#last, this.#all, gap, this.#size]
    );
    this.foot.append(this.#auto, this.#values);
    // Escape closes what they are in.
    for (const node of [this.head, this.foot]) keepKeys(node, ['Escape']);
  }

  /** Serves a Neuroglancer that shows a volume of a shape, or none. */
  attach(viewer: Viewer | null, shape: Triple = this.#shape): void {
    for (const end of this.#ends.splice(0)) end();
    this.#overlay?.dispose();
    this.#histogram?.dispose();
    this.#values.replaceChildren();
    this.#overlay = this.#histogram = null;
    this.#viewer = viewer;
    if (!viewer) return;
    // Neuroglancer draws histograms only within its own element.
    viewer.element.append(this.foot);
    this.#shape = shape;
    this.#slice.input.max = String(shape[0] - 1);
    const overlay = new RegionOverlay(viewer, shape, region => this.#choose(region));
    this.#overlay = overlay;
    const { orientation } = viewer.crossSectionOrientation;
    this.#ends.push(
      // A box lies along the axes of the volume, as the slices do.
      viewer.crossSectionOrientation.changed.add(() => {
        if (Math.abs(orientation[3]) < 1) viewer.crossSectionOrientation.restoreState([0, 0, 0, 1]);
      }),
      viewer.state.changed.add(() => this.#update()),
      viewer.display.updateFinished.add(() => {
        // Until the volume's metadata is there, there is no slice to go to.
        if (!this.#histogram) this.#showHistogram();
        if (this.#slice.input.disabled) this.#update();
      })
    );
    this.#setDrawing(true);
    this.choice = this.#choice;
  }

  get choice(): Choice {
    return this.#choice;
  }

  /** Shows what was chosen elsewhere. */
  set choice(choice: Choice) {
    this.#choice = choice;
    if (this.#overlay) this.#overlay.region = choice.region;
    if (choice.range) this.#setRange(choice.range);
    this.#update();
  }

  /** Values shown black and white, rounded as they are typed; null while they are not known. */
  get range(): [number, number] | null {
    const layer = this.#layer;
    if (!layer?.contrast || layer.dtype === 'uint64') return null;
    const ends = layer.contrast.trackable.value.range.map(Number).sort((a, b) => a - b);
    return ends.map(end => (layer.dtype.startsWith('float') ? Number(end.toPrecision(6)) : Math.round(end))) as [
      number,
      number
    ];
  }

  dispose(): void {
    this.attach(null);
    this.head.remove();
    this.foot.remove();
  }

  get #layer(): ImageLayer | null {
    return (this.#viewer && imageLayersOf(this.#viewer).at(0)) ?? null;
  }

  /** The slice that is shown, which need not be one of the volume. */
  get #present(): number {
    const { coordinateSpace, position } = this.#viewer!;
    return Math.round(position.value[coordinateSpace.value.names.indexOf('z')]);
  }

  #show(slice: number): void {
    if (!this.#viewer) return;
    const { coordinateSpace, position } = this.#viewer;
    const axis = coordinateSpace.value.names.indexOf('z');
    position.value = position.value.map((value, n) => (n === axis ? slice : value));
  }

  #setDrawing(isDrawing: boolean): void {
    if (this.#overlay) this.#overlay.isDrawing = isDrawing;
    this.#draw.setAttribute('aria-pressed', String(isDrawing));
    this.#move.setAttribute('aria-pressed', String(!isDrawing));
  }

  #end(side: 'from' | 'to'): void {
    if (!this.#viewer) return;
    this.#choose(endedAt(this.#choice.region ?? wholeOf(this.#shape), side, this.#present, this.#shape));
  }

  #choose(region: Region): void {
    const chosen = isWhole(region, this.#shape) ? null : region;
    this.#choice = { ...this.#choice, region: chosen };
    if (this.#overlay) this.#overlay.region = chosen;
    this.#update();
    this.#onChange({ region: chosen });
  }

  #update(): void {
    if (!this.#viewer) return;
    const slice = this.#present;
    this.#slice.input.valueAsNumber = slice;
    this.#number.textContent = String(slice);
    const { region } = this.#choice;
    for (const each of [this.#first, this.#last, this.#slice.input]) each.disabled = this.#histogram === null;
    this.#all.disabled = region === null;
    this.#size.textContent =
      region === null
        ? 'Drag a box on a slice'
        : `${region.to.map((end, axis) => (end - region.from[axis]).toLocaleString('en')).join(' × ')} voxels`;
  }

  /** When the layer's metadata is there. */
  #showHistogram(): void {
    const viewer = this.#viewer;
    const contrast = this.#layer?.contrast;
    if (!viewer || !contrast) return;
    this.#histogram = histogramOf(viewer, contrast);
    this.#values.append(this.#histogram.element);
    if (this.#choice.range) this.#setRange(this.#choice.range);
    this.#known = JSON.stringify(this.range);
    this.#ends.push(contrast.trackable.changed.add(() => this.#onRange()));
  }

  #onRange(): void {
    const { range } = this;
    if (!range || JSON.stringify(range) === this.#known) return;
    this.#setRange(range);
    this.#choice = { ...this.#choice, range };
    this.#onChange({ range });
  }

  /** Of all channels the same. */
  #setRange(range: [number, number]): void {
    this.#known = JSON.stringify(range);
    for (const layer of this.#viewer ? imageLayersOf(this.#viewer) : []) {
      if (!layer.contrast || layer.dtype === 'uint64') continue;
      const { trackable } = layer.contrast;
      const { range: before, window } = trackable.value;
      const [low, high] = window.map(Number);
      const isInverted = before[0] > before[1];
      const next: [number, number] = isInverted ? [range[1], range[0]] : range;
      if (before[0] === next[0] && before[1] === next[1]) continue;
      trackable.value = {
        ...trackable.value,
        range: next,
        window: [Math.min(low, range[0]), Math.max(high, range[1])]
      };
    }
  }

  async #autoRange(): Promise<void> {
    this.#auto.disabled = true;
    // The picture reports why it fails.
    await this.#layer?.autoContrast().catch(() => undefined);
    this.#auto.disabled = false;
  }
}
