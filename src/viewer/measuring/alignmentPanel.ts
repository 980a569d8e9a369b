import { button, choice, download, element, offer } from '../elements/dom.ts';
import type { Volume } from '../volume/volume.ts';
import type { AlignmentKind } from './alignment.ts';
import { ALIGNMENT_KINDS } from './alignment.ts';
import type { Two } from './alignments.ts';
import { alignBy, alignmentJson, fitOf, importLandmarks, inWords, pairsOf } from './alignments.ts';
import type { LandmarkLayers } from './landmarkLayers.ts';
import { spaceOf } from './space.ts';

const KIND_TITLE = 'Rigid: turned and moved. Similarity: scaled, too. Affine: also sheared and stretched';

/** Beside the picture: points that are the same place in two volumes, and what is done with them. */
export class AlignmentPanel {
  readonly node = element('div', { className: 'mct-Viewer-measurements' });
  readonly #layers: LandmarkLayers;
  readonly #volumes: Volume[];
  readonly #moving: HTMLSelectElement;
  readonly #fixed: HTMLSelectElement;
  readonly #kind = choice(KIND_TITLE, ALIGNMENT_KINDS, () => this.update());
  readonly #sides = element('div');
  readonly #list = element('ul');
  readonly #said = element('p');
  readonly #wrong = element('p', { className: 'mct-Viewer-wrong' });
  readonly #align = button('Align', 'Move the volume so that its points lie on those of the other', () =>
    this.#try(() => alignBy(this.#layers, this.#two, this.#kind.value as AlignmentKind))
  );
  readonly #remove = button('Remove alignment', 'Show the volume where its metadata has it; the points stay', () =>
    this.#try(() => this.#layers.setPlace(this.#two.moving, null))
  );
  readonly #file = element('input', { type: 'file', accept: '.csv,.json', hidden: true });
  #importOn: Volume;
  readonly #export: HTMLButtonElement;
  #shown = '';

  /** `volumes`: two or more. The first one stays where it is. */
  constructor(layers: LandmarkLayers, volumes: Volume[]) {
    this.#layers = layers;
    this.#volumes = volumes;
    this.#importOn = volumes[0];
    const names = (of: Volume[]) => Object.fromEntries(of.map(({ name }) => [name, name]));
    this.#moving = choice('Volume that is moved', names(volumes.slice(1)), () => this.#choose());
    this.#fixed = choice('Volume that stays', names(volumes), () => this.#choose());
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'Alignment');
    this.#wrong.setAttribute('role', 'alert');
    this.#said.setAttribute('role', 'status');
    this.#file.addEventListener('change', () => {
      void this.#import(this.#file.files?.[0]);
      this.#file.value = '';
    });
    const two = element('p', {}, 'Align ', this.#moving, ' to ', this.#fixed);
    const buttons = element('div', { className: 'mct-Viewer-buttons' }, this.#kind, this.#align, this.#remove);
    this.#export = button('Export', '', () => {
      const { moving, fixed } = this.#two;
      const text = alignmentJson(this.#layers, this.#two);
      download(`${moving.name} to ${fixed.name}.alignment.json`, 'application/json', text);
    });
    buttons.append(this.#export, this.#file);
    this.node.append(two, this.#sides, buttons, this.#wrong, this.#said, this.#list);
    this.update();
  }

  /** The chosen volumes; in place of any that is not open, another one. */
  get #two(): Two {
    const [first, ...others] = this.#volumes;
    const { chosen } = this.#layers;
    const moving = others.find(({ name }) => name === chosen?.moving) ?? others[0];
    const fixed = this.#volumes.find(each => each.name === chosen?.fixed && each !== moving) ?? first;
    return { moving, fixed };
  }

  #choose(): void {
    this.#wrong.textContent = '';
    this.#layers.chosen = { moving: this.#moving.value, fixed: this.#fixed.value };
    this.update();
  }

  #showChoice({ moving, fixed }: Two): void {
    this.#moving.value = moving.name;
    const names = this.#volumes.filter(each => each !== moving).map(({ name }) => name);
    offer(this.#fixed, names);
    this.#fixed.value = fixed.name;
  }

  #try(change: () => void): void {
    this.#wrong.textContent = '';
    try {
      change();
    } catch (error) {
      this.#wrong.textContent = (error as Error).message;
    }
    this.update();
  }

  /** Shows what is there now. */
  update(): void {
    this.#layers.number();
    const two = this.#two;
    const { moving, fixed } = two;
    this.#showChoice(two);
    const placing = this.#layers.placing;
    const counts = [fixed, moving].map(volume => this.#layers.on(volume).length);
    const pairs = pairsOf(this.#layers, two);
    const isAligned = this.#layers.placeOf(moving) !== null;
    const fit = fitOf(this.#layers, two);
    this.#remove.disabled = !isAligned;
    this.#export.disabled = !isAligned && counts.every(count => count === 0);
    this.#export.title = this.#export.disabled
      ? 'There are no points yet that could be exported'
      : 'Keep the points and the alignment as JSON';
    const shown = JSON.stringify([moving.name, fixed.name, placing?.name, counts, pairs, fit, isAligned]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#sides.replaceChildren(...[fixed, moving].map((volume, n) => this.#side(volume, counts[n], placing)));
    const space = spaceOf(moving.image);
    const exact = fit && pairs.length === space.axes.length + 1 && this.#kind.value === 'affine';
    this.#said.textContent = fit
      ? `Aligned: the points are ${inWords(fit.rms, space)} apart (RMS of ${pairs.length}).` +
        (exact ? ' An affine alignment always fits so few pairs: more would tell how well it does.' : '')
      : isAligned
        ? 'Aligned, by points that are no longer there.'
        : 'Not aligned. Set the same points on both volumes, in the same order; a click on a layer’s name above the picture hides it.';
    this.#list.replaceChildren(
      ...pairs.map(({ name, fixed: target }, n) => {
        const residual = fit ? `: ${inWords(fit.residuals[n], space)}` : '';
        const remove = button('×', 'Remove', () => this.#removePair(name));
        remove.setAttribute('aria-label', `Remove ${name}`);
        return element(
          'li',
          { className: 'mct-Viewer-pair' },
          button(`${name}${residual}`, 'Show it in the middle', () => this.#layers.show(fixed, target.points[0])),
          remove
        );
      })
    );
  }

  #side(volume: Volume, count: number, placing: Volume | null): HTMLElement {
    const isPlacing = placing === volume;
    const place = button(isPlacing ? 'Done' : 'Set points', `Set points on ${volume.name} by clicks`, () => {
      this.#layers.placing = isPlacing ? null : volume;
      this.update();
    });
    place.setAttribute('aria-pressed', String(isPlacing));
    const file = button('Import…', 'Take points that were exported here, or measured in another viewer', () => {
      this.#importOn = volume;
      this.#file.click();
    });
    const how = isPlacing ? ' Ctrl-click in the picture for each.' : '';
    const mark = element('span', { className: 'mct-Viewer-mark' });
    mark.style.background = this.#layers.colourOf(volume);
    return element('p', {}, mark, `${count} on ${volume.name}.${how} `, place, ' ', file);
  }

  #removePair(name: string): void {
    const { moving, fixed } = this.#two;
    for (const volume of [moving, fixed]) {
      this.#layers.set(
        volume,
        this.#layers.on(volume).filter(each => each.name !== name)
      );
    }
    this.update();
  }

  async #import(file: File | undefined): Promise<void> {
    if (!file) return;
    const text = await file.text();
    this.#try(() => {
      try {
        importLandmarks(this.#layers, this.#two, this.#importOn, text);
      } catch (error) {
        throw new Error(`${file.name}: nothing was imported. ${(error as Error).message}`);
      }
    });
  }
}
