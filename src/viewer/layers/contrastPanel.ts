import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import type { InvlerpWidget } from 'neuroglancer/unstable/widget/invlerp.js';
import { button, choice, element, optionsOf } from '../elements/dom.ts';
import { histogramOf } from './histogram.ts';
import type { ImageLayer } from './imageLayer.ts';
import type { Presets } from './presets.ts';

/** Histogram, handles and numbers of a layer's contrast as Neuroglancer has them, and the looks that were kept. */
export class ContrastPanel {
  readonly node = element('div', { className: 'mct-Viewer-contrast' });
  readonly #widget: InvlerpWidget | null;
  /** Moves it along when the list of layers needs more rows, or less. */
  readonly #follow = new ResizeObserver(([{ target }]) => {
    const top = this.node.offsetParent?.getBoundingClientRect().top ?? 0;
    this.node.style.top = `${target.getBoundingClientRect().bottom - top + 4}px`;
  });

  constructor(viewer: Viewer, layer: ImageLayer, presets: Presets, tell: (text: string) => void) {
    const { contrast } = layer;
    this.node.setAttribute('role', 'group');
    this.node.setAttribute('aria-label', `Contrast of ${layer.name}`);
    this.#widget = contrast && histogramOf(viewer, contrast);
    this.node.append(
      this.#widget?.element ?? 'The shader of this layer has no control of contrast.',
      this.#presets(layer, presets, tell)
    );
  }

  #presets(layer: ImageLayer, presets: Presets, tell: (text: string) => void): HTMLElement {
    const list = (): void =>
      select.replaceChildren(
        ...optionsOf({ '': 'Presets…', ...Object.fromEntries(presets.names.map(name => [`+${name}`, name])) })
      );
    const select = choice('Contrast and colours that were kept for this volume', {}, value => {
      const look = presets.get(value.slice(1));
      if (look) layer.look = look;
      remove.disabled = !look;
      field.value = value.slice(1);
    });
    const field = element('input', { placeholder: 'Name of a preset', size: 12 });
    field.setAttribute('aria-label', field.placeholder);
    const store = (work: () => void): void => {
      try {
        work();
        list();
      } catch (error) {
        tell((error as Error).message);
      }
    };
    const keep = button(
      'Keep',
      'Keep contrast and colours under this name, for this volume and in this browser',
      () => {
        const name = field.value.trim();
        if (name === '') field.focus();
        else store(() => presets.set(name, layer.look));
      }
    );
    const remove = button('Remove', 'Forget the preset', () => {
      store(() => presets.remove(field.value.trim()));
      field.value = '';
      remove.disabled = true;
    });
    remove.disabled = true;
    list();
    return element('div', { className: 'mct-Viewer-presets' }, select, field, keep, remove);
  }

  /** Shows it below the list of layers. */
  showIn({ display, element: within }: Viewer): void {
    // Neuroglancer draws histograms only within its own element.
    display.container.append(this.node);
    const layers = within.querySelector('.neuroglancer-layer-panel');
    if (layers) this.#follow.observe(layers);
  }

  dispose(): void {
    this.#follow.disconnect();
    this.#widget?.dispose();
    this.node.remove();
  }
}
