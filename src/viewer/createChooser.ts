import type { ChooserOptions, Choice } from './choosing/chooser.ts';
import { Chooser } from './choosing/chooser.ts';
import { createViewer } from './createViewer.ts';
import type { ViewerSource } from './transport/source.ts';

/** A picture on which is chosen, until it is disposed of. */
export interface ChooserHandle {
  choice: Choice;
  /** Values shown black and white; null while they are not known. */
  readonly range: [number, number] | null;
  dispose(): void;
}

/**
 * Shows a source in `host`, which must have a size, to choose on it what is converted. `signal`: has its opening end.
 *
 * @throws Error as `createViewer` does
 */
export async function createChooser(
  host: HTMLElement,
  source: ViewerSource,
  options: ChooserOptions,
  signal?: AbortSignal
): Promise<ChooserHandle> {
  const chooser = new Chooser(options);
  const viewer = await createViewer(host, { source, chooser, signal });
  return {
    get choice() {
      return chooser.choice;
    },
    set choice(choice) {
      chooser.choice = choice;
    },
    get range() {
      return chooser.range;
    },
    dispose: () => viewer.dispose()
  };
}
