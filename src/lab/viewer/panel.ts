import { PageConfig } from '@jupyterlab/coreutils';
import type { Message } from '@lumino/messaging';
import { Debouncer } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import type { ViewerHandle, ViewerState } from '../../viewer/index.ts';
import type { LookOptions } from '../../protocol/index.ts';
import type { IHelper } from '../helper.ts';
import { baseName, findSources } from './source.ts';

/** Milliseconds of rest before a changed view is kept. */
const SETTLED = 1000;

/** What the title of a tab says of a source that is not converted. */
const SAMPLED = ' (sampled)';

/** What tells a tab from others: the volumes that it shows, and how they are read. */
export const keyOf = (paths: readonly string[], reading?: LookOptions, asLabels = false): string =>
  paths.join('\n') +
  (reading && Object.keys(reading).length > 0 ? `\n${JSON.stringify(reading)}` : '') +
  (asLabels ? '\n(segments)' : '');

/** One volume in Neuroglancer, or several as its layers: OME-Zarrs, or TIFFs and folders of slices as they are. */
export class ViewerPanel extends Widget {
  readonly paths: readonly string[];
  /** How sources are read that are no OME-Zarrs. */
  readonly reading: LookOptions | undefined;

  /** Whether voxels are shown as numbers of segments, whatever the metadata says. */
  readonly asLabels: boolean;

  /** `paths`: relative to the server's root, or absolute. `state`: a view that was kept. */
  constructor(
    paths: readonly string[],
    helper: IHelper,
    state: ViewerState | undefined,
    reading?: LookOptions,
    asLabels = false
  ) {
    super();
    this.paths = paths;
    this.reading = reading;
    this.asLabels = asLabels;
    this.#helper = helper;
    this.#state = state;
    this.addClass('mct-ViewerPanel');
    const others = paths.length - 1;
    this.title.label = baseName(paths[0]) + (others > 0 ? ` and ${others} other${others > 1 ? 's' : ''}` : '');
    this.title.caption = this.key;
  }

  get key(): string {
    return keyOf(this.paths, this.reading, this.asLabels);
  }

  /** Position, zoom, contrast and the like, as Neuroglancer has them. */
  get state(): ViewerState | undefined {
    return this.#handle?.getState() ?? this.#state;
  }

  /** Null until the volume is open. */
  get handle(): ViewerHandle | null {
    return this.#handle ?? null;
  }

  /** The view has changed and come to rest. */
  get stateChanged(): ISignal<this, void> {
    return this.#stateChanged;
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.#settled.dispose();
    this.#handle?.dispose();
    super.dispose();
  }

  /** Looks whether the OME-Zarr is still the one that is shown, and shows the one that is there now. */
  check(): void {
    this.#handle?.check();
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this.#open();
    this.#handle?.setVisible(true);
  }

  protected override onBeforeHide(msg: Message): void {
    super.onBeforeHide(msg);
    this.#handle?.setVisible(false);
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    if (this.isVisible) {
      this.#open();
    }
  }

  /** Neuroglancer is loaded when its first tab is seen. */
  #open(): void {
    if (this.#isOpened) {
      return;
    }
    this.#isOpened = true;
    this.#say(this.paths.length > 1 ? 'Opening the volumes…' : 'Opening the volume…');
    this.#show().catch(error => {
      this.#isOpened = false;
      this.#say(error instanceof Error ? error.message : String(error), true);
    });
  }

  async #show(): Promise<void> {
    const [{ createViewer }, source] = await Promise.all([
      import('../../viewer/index.ts'),
      findSources(this.paths, this.#helper, this.reading)
    ]);
    if (this.isDisposed) {
      return;
    }
    if (source.some(({ sampled }) => sampled) && !this.title.label.endsWith(SAMPLED)) {
      this.title.label += SAMPLED;
      this.title.caption += '\nNot converted: full resolution is exact, coarser levels are sampled.';
    }
    this.node.replaceChildren();
    const handle = await createViewer(this.node, {
      source: source.map(each => ({ ...each, asLabels: this.asLabels })),
      state: this.#state,
      server: PageConfig.getBaseUrl(),
      onState: () => void this.#settled.invoke()
    });
    if (this.isDisposed) {
      handle.dispose();
      return;
    }
    this.#handle = handle;
    handle.setVisible(this.isVisible);
  }

  #say(text: string, failed = false): void {
    const note = document.createElement('div');
    note.className = 'mct-Viewer-note';
    note.setAttribute('role', failed ? 'alert' : 'status');
    note.textContent = text;
    if (failed) {
      const retry = document.createElement('button');
      retry.className = 'jp-mod-styled';
      retry.textContent = 'Retry';
      retry.addEventListener('click', () => this.#open());
      note.append(retry);
    }
    this.node.replaceChildren(note);
  }

  readonly #helper: IHelper;
  readonly #settled = new Debouncer(() => this.#stateChanged.emit(), SETTLED);
  readonly #stateChanged = new Signal<this, void>(this);
  readonly #state: ViewerState | undefined;
  #handle: ViewerHandle | undefined;
  #isOpened = false;
}
