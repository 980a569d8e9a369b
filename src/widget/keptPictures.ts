import type { DocumentRegistry } from '@jupyterlab/docregistry';

export const WIDGET_VIEW = 'application/vnd.jupyter.widget-view+json';

type Context = DocumentRegistry.IContext<DocumentRegistry.IModel>;

/** One viewer in what an output shows. */
interface Part {
  element: HTMLElement;
  picture: () => HTMLCanvasElement | null;
}

/** As much of a widget's view as is used here. */
interface View {
  readonly el: HTMLElement;
  readonly model: { readonly model_id: string };
  readonly options?: { parent?: View };
}

/** Pixels between viewers that are side by side. */
const GAP = 4;
/** What can be seen, without a kernel, of the widgets in a notebook: by the ids of their models. */
interface Kept {
  /** The viewers in each widget, which may be a box of several, by the ids of theirs. */
  pictures: Map<string, Map<string, Part>>;
  /** Summaries of widgets that have no picture. */
  summaries: Map<string, () => string>;
}

/** By the notebook's model. */
const keptOf = new WeakMap<object, Kept>();

interface Notebook {
  cells?: { outputs?: { data?: Record<string, unknown> }[] }[];
}

/**
 * Has each notebook that is saved hold a picture beside each viewer that it shows, and beside what it is in: GitHub,
 * nbviewer and nbconvert show that. What is on the screen is not touched.
 *
 * @param picture taken at once; null where there is none
 */
export function keepPicture(context: Context | undefined, view: View, picture: Part['picture']): void {
  const pictures = keep(context)?.pictures;
  if (!pictures) return;
  for (let outer: View | undefined = view; outer; outer = outer.options?.parent) {
    const { model_id: id } = outer.model;
    if (!pictures.has(id)) pictures.set(id, new Map());
    pictures.get(id)!.set(view.model.model_id, { element: view.el, picture });
  }
}

/** Has each notebook that is saved hold some words beside a widget that has no picture. `summary`: HTML. */
export function keepSummary(context: Context | undefined, id: string, summary: () => string): void {
  keep(context)?.summaries.set(id, summary);
}

function keep(context: Context | undefined): Kept | undefined {
  const model = context?.model;
  if (!model) return undefined;
  const present = keptOf.get(model);
  if (present) return present;
  const kept: Kept = { pictures: new Map(), summaries: new Map() };
  keptOf.set(model, kept);
  const { pictures, summaries } = kept;
  const toJSON = model.toJSON.bind(model);
  model.toJSON = () => {
    const notebook = toJSON();
    const outputs = outputsOf(notebook);
    // What comes back to an output is displayed anew, and told of again.
    const ids = new Set(outputs.map(([shown]) => shown));
    for (const all of [pictures, summaries]) for (const id of all.keys()) if (!ids.has(id)) all.delete(id);
    for (const [shown, data] of outputs) {
      const canvas = pictureOfAll([...(pictures.get(shown)?.values() ?? [])]);
      const summary = summaries.get(shown)?.();
      if (canvas) data['image/png'] = canvas.toDataURL('image/png').split(',')[1];
      // The one would be shown in the other's place.
      if (canvas && summary !== undefined) delete data['text/html'];
      else if (summary !== undefined) data['text/html'] = summary;
    }
    return notebook;
  };
  return kept;
}

/** Pictures as they are beside each other, or one below the other. */
function pictureOfAll(parts: Part[]): HTMLCanvasElement | null {
  const shown = parts.flatMap(({ element, picture }) => {
    const canvas = picture();
    return canvas ? [{ canvas, place: element.getBoundingClientRect() }] : [];
  });
  if (shown.length < 2) return shown[0]?.canvas ?? null;
  const [first, second] = shown;
  const isColumn = second.place.top >= first.place.bottom || first.place.top >= second.place.bottom;
  shown.sort((a, b) => (isColumn ? a.place.top - b.place.top : a.place.left - b.place.left));
  const lengths = (name: 'width' | 'height'): number[] => shown.map(({ canvas }) => canvas[name]);
  const along = (name: 'width' | 'height'): number =>
    lengths(name).reduce((sum, length) => sum + length, GAP * (shown.length - 1));
  const all = document.createElement('canvas');
  all.width = isColumn ? Math.max(...lengths('width')) : along('width');
  all.height = isColumn ? along('height') : Math.max(...lengths('height'));
  let at = 0;
  for (const { canvas } of shown) {
    all.getContext('2d')!.drawImage(canvas, isColumn ? 0 : at, isColumn ? at : 0);
    at += (isColumn ? canvas.height : canvas.width) + GAP;
  }
  return all;
}

/** The picture that was saved beside a viewer; null where there is none. */
export function keptPicture(context: Context | undefined, id: string): HTMLImageElement | null {
  const found = outputsOf(context?.model.toJSON()).find(([shown]) => shown === id)?.[1]['image/png'];
  return typeof found === 'string' ? pictureOf(found) : null;
}

/** An element that shows a PNG in base64. */
export function pictureOf(png: string): HTMLImageElement {
  const picture = new Image();
  picture.src = `data:image/png;base64,${png.replace(/\s/g, '')}`;
  picture.alt = 'The viewer, as it was when the notebook was saved';
  return picture;
}

/** All outputs that show a widget, with its model's id. */
function outputsOf(notebook: unknown): [string, Record<string, unknown>][] {
  const outputs = ((notebook as Notebook | null)?.cells ?? []).flatMap(cell => cell.outputs ?? []);
  return outputs.flatMap(({ data }): [string, Record<string, unknown>][] => {
    const view = data?.[WIDGET_VIEW] as { model_id?: string } | undefined;
    return data && view?.model_id ? [[view.model_id, data]] : [];
  });
}
