import { button, download, element } from '../elements/dom.ts';
import { COUNTS, readBoth, toCsv, toJson } from './measurementFiles.ts';
import type { MeasurementLayers, Placed } from './measurementLayers.ts';
import type { Annotation, Kind, Space } from './measurements.ts';
import { describe, fromPoints } from './measurements.ts';

/** Names of the kinds of annotations. */
export const KIND_NAMES: Record<Kind, string> = {
  point: 'Point',
  line: 'Line',
  box: 'Box',
  ellipsoid: 'Ellipsoid',
  polyline: 'Polyline'
};
const HOW: Record<Kind, string> = {
  point: 'Ctrl-click in the picture for each point.',
  line: 'Ctrl-click both ends.',
  box: 'Ctrl-click two opposite corners, in one slice or in two.',
  ellipsoid: 'Ctrl-click the centre, and then the rim.',
  polyline: 'Ctrl-click each point, and press Enter. Three points have an angle, flat ones an area.'
};

/** What the exports as CSV and as JSON are. */
const TITLES = ['Export as a table, a row for each point', 'Export as JSON'];

/** The list of what was measured, to be named, found, removed, exported and imported. */
export class MeasurementPanel {
  readonly node = element('div', { className: 'mct-Viewer-measurements' });
  readonly #layers: MeasurementLayers;
  readonly #space: Space;
  readonly #exports: HTMLButtonElement[];
  /** Points that were set without a mouse, of what is being measured. */
  #set: { kind: Kind | null; points: number[][] } = { kind: null, points: [] };
  readonly #here = button(
    'Point in the middle',
    'Set the next point where the middle of the view is: arrow keys, comma and full stop move the picture',
    () => this.#setPoint()
  );
  readonly #end = button('End', 'The polyline ends with the last point', () => {
    // The button is hidden then.
    this.#here.focus();
    this.#finish();
  });
  readonly #how = element('p');
  readonly #said = element('p');
  readonly #list = element('ul');
  readonly #wrong = element('p', { className: 'mct-Viewer-wrong' });
  #shown = '';

  constructor(layers: MeasurementLayers, space: Space, name: string) {
    this.#layers = layers;
    this.#space = space;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'Measurements');
    this.#wrong.setAttribute('role', 'alert');
    this.#said.setAttribute('role', 'status');
    const file = element('input', { type: 'file', accept: '.csv,.json', hidden: true });
    file.addEventListener('change', () => {
      void this.#import(file.files?.[0]);
      file.value = '';
    });
    const all = () => layers.all.map(({ annotation }) => annotation);
    this.#exports = [
      button('CSV', '', () => download(`${name}.measurements.csv`, 'text/csv', toCsv(all(), space))),
      button('JSON', '', () => download(`${name}.measurements.json`, 'application/json', toJson(all(), space)))
    ];
    this.node.append(
      element(
        'div',
        { className: 'mct-Viewer-buttons' },
        ...this.#exports,
        button('Import…', 'Add what was exported as CSV or JSON', () => file.click()),
        file
      ),
      this.#how,
      this.#here,
      this.#end,
      this.#wrong,
      this.#said,
      this.#list
    );
    this.update();
  }

  update(): void {
    const { tool, all } = this.#layers;
    this.#how.textContent =
      tool !== null ? HOW[tool] : all.length === 0 ? 'Nothing is measured yet: choose what in “Measure…” above.' : '';
    if (this.#set.kind !== tool) this.#set = { kind: tool, points: [] };
    const { points } = this.#set;
    this.#here.hidden = tool === null;
    this.#end.hidden = tool !== 'polyline' || points.length < COUNTS.polyline[0];
    this.#here.textContent = points.length > 0 ? `Point in the middle (${points.length} set)` : 'Point in the middle';
    for (const [n, each] of this.#exports.entries()) {
      each.disabled = all.length === 0;
      each.title = each.disabled ? 'Nothing is measured yet that could be exported' : TITLES[n];
    }
    const shown = JSON.stringify(all);
    // A name that is being written stays.
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#list.replaceChildren(...all.map(each => this.#row(each)));
  }

  #setPoint(): void {
    const { kind, points } = this.#set;
    if (kind === null) return;
    points.push(this.#layers.middle);
    if (points.length === COUNTS[kind][1]) this.#finish();
    else this.update();
  }

  #finish(): void {
    const { kind, points } = this.#set;
    if (kind === null) return;
    this.#set = { kind, points: [] };
    this.#layers.import([fromPoints(kind, points, this.#space)]);
    this.update();
  }

  #row(placed: Placed): HTMLElement {
    const { annotation, space } = placed;
    const extent =
      describe(annotation, space) || annotation.points[0].map(value => Number(value.toFixed(1))).join(', ');
    const name = element('input', { value: annotation.name, placeholder: 'Name' });
    name.setAttribute('aria-label', 'Name');
    name.addEventListener('change', () => this.#layers.rename(placed, name.value));
    const remove = button('×', 'Remove', () => this.#layers.remove(placed));
    remove.setAttribute('aria-label', `Remove ${annotation.name || extent}`);
    return element(
      'li',
      {},
      button(`${KIND_NAMES[annotation.kind]}: ${extent}`, 'Show it in the middle', () => this.#layers.show(placed)),
      element('span', {}, name, remove)
    );
  }

  async #import(file: File | undefined): Promise<void> {
    if (!file) return;
    this.#wrong.textContent = '';
    this.#said.replaceChildren();
    try {
      const { onVoxels, atPlaces } = readBoth(await file.text(), this.#space);
      this.#layers.import(onVoxels);
      if (atPlaces) this.#offer(file.name, atPlaces);
    } catch (error) {
      this.#wrong.textContent = `${file.name}: nothing was imported. ${(error as Error).message}`;
    }
  }

  /** Offers the other reading of a file that was measured on other voxels. */
  #offer(file: string, atPlaces: Annotation[]): void {
    const take = button('Put them there', 'Move what was imported to the places that the file says in lengths', () => {
      this.#said.replaceChildren();
      this.#layers.import(atPlaces);
    });
    this.#said.append(
      `${file} was measured on a volume with other voxels. Its measurements are on the same voxels here, by index, with this volume’s lengths; the places that it says in lengths are elsewhere. `,
      take
    );
  }
}
