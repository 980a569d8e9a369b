import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';
import type { Message } from '@lumino/messaging';
import { Debouncer } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { isAbsolute } from '../../form/output.ts';
import { isAddress, isStandIn, placeBelow } from '../../model/address.ts';
import type { LookOptions } from '../../protocol/index.ts';
import { isActive } from '../../protocol/job.ts';
import type { ViewerHandle, ViewerState } from '../../viewer/index.ts';
import { renamed } from '../../viewer/state/renamed.ts';
import { unlessAborted } from '../../viewer/transport/unlessAborted.ts';
import { startWorker } from '../../viewer/worker/startedWorker.ts';
import type { IHelper, JobChange } from '../helper.ts';
import { renamedTo, toServerPath } from '../paths.ts';
import { report } from '../report.ts';
import { Changes } from './changes.ts';
import { takeDrops } from './drops.ts';
import { firstGone } from './gone.ts';
import { type Action, noteOf } from './note.ts';
import { findsSameVoxels } from './reading.ts';
import { savePicture } from './savePicture.ts';
import { tellTrouble } from './trouble.ts';
import { linkOf } from './viewLink.ts';
import { Volumes } from './volumes.ts';
import type { Way } from './way.ts';

/** Milliseconds of rest before a changed view is kept. */
const SETTLED = 1000;

/** Mark in the title of a tab for a source that is not converted. */
const SAMPLED = ' (sampled)';

const folderOf = (path: string): string => path.replace(/[\\/]?[^\\/]*$/, '');

/** One volume in Neuroglancer, or several as its layers: OME-Zarrs, or TIFFs and folders of slices as they are. */
export class ViewerPanel extends Widget {
  /** `paths`: relative to the server's root, or absolute. `state`: a view that was kept. */
  constructor(
    paths: readonly string[],
    helper: IHelper,
    contents: Contents.IManager,
    state: ViewerState | undefined,
    way: Way = {}
  ) {
    super();
    this.#volumes = new Volumes(paths, way);
    this.#changes = new Changes(this.#volumes, helper, () => this.handle);
    this.#helper = helper;
    this.#contents = contents;
    this.#state = state;
    this.addClass('mct-ViewerPanel');
    this.#entitle();
    helper.jobs.changed.connect(this.#onJob, this);
    contents.fileChanged.connect(this.#onFile, this);
    takeDrops(this.node, dropped => {
      const added = dropped.map(path => toServerPath(contents, path));
      void report('Cannot be added to the viewer', () => this.addVolumes(added));
    });
  }

  get paths(): readonly string[] {
    return this.#volumes.paths;
  }

  get way(): Way {
    return this.#volumes.way;
  }

  get reading(): LookOptions | undefined {
    return this.#volumes.reading;
  }

  /** When a conversion of what is shown is whole, its output takes the source's place. */
  #onJob(_: unknown, { now, before }: JobChange): void {
    const isDone = now?.kind === 'convert' && now.state === 'done' && before !== null && isActive(before);
    const output = now?.result?.output;
    if (!isDone || output === undefined || now.options.parent || !this.#handle) return;
    const volume = this.#volumes.sampledFrom(now.source);
    if (!volume || !findsSameVoxels(now.options, this.reading ?? {})) return;
    const isRegion = now.options.roi != null;
    void this.#changes.exchange(volume, output, isRegion).then(
      () => {
        this.#entitle();
        this.#exchanged.emit();
        this.#stateChanged.emit();
      },
      error => console.warn(`${output}: could not be shown`, error)
    );
  }

  /** A volume that is renamed or moved in the file browser is followed to where it is. */
  #onFile(_: unknown, change: Contents.IChangedArgs): void {
    if (!this.#goTo(path => renamedTo(this.#contents, change, path) ?? path)) return;
    this.#changes.follow();
    this.#stateChanged.emit();
  }

  /** Takes volumes to be at other paths, and in a view that is not shown yet, too; answers whether any is. */
  #goTo(to: (path: string) => string): boolean {
    const { names } = this.#volumes;
    if (!this.#volumes.move(to)) return false;
    this.#entitle();
    // A view that is being opened has the names that it began with.
    if (!this.#isOpened) this.#renameIn(names);
    return true;
  }

  /** Has the view that is not shown yet name the volumes as they are called now. */
  #renameIn(before: readonly string[]): void {
    const { names } = this.#volumes;
    if (this.#state) this.#state = renamed(this.#state, new Map(before.map((name, n) => [name, names[n]])));
  }

  /** An output has taken the place of its source. */
  get exchanged(): ISignal<this, void> {
    return this.#exchanged;
  }

  /** A person has found a volume, or a slice of one, that was no longer at its path. */
  get relocated(): ISignal<this, { path: string; found: string }> {
    return this.#relocated;
  }

  #entitle(): void {
    this.title.label = this.#volumes.name;
    this.title.caption = this.key;
    if (!this.#volumes.isSampled) return;
    this.title.label += SAMPLED;
    this.title.caption += '\nNot converted: full resolution is exact, coarser levels are sampled.';
  }

  /**
   * Shows more volumes over those that are there; those that are stay as they are.
   *
   * @param asLabels - whether as segments, whatever their metadata says
   * @throws Error with those that cannot be shown; the others are
   */
  async addVolumes(paths: readonly string[], asLabels = false): Promise<void> {
    const isShown = (path: string): boolean => this.paths.includes(path);
    // Of what is shown here already nothing is opened.
    if (this.addElsewhere && !paths.every(isShown)) return this.addElsewhere(paths, asLabels);
    await this.#showing;
    if (!this.#handle) throw new Error(`${this.#volumes.name} is not open: try again when its picture is there.`);
    if (this.#volumes.isStack) throw new Error('Slices that are not converted are shown alone: convert them first.');
    const wrong: string[] = [];
    for (const path of paths) {
      await this.#changes
        .add(path, asLabels)
        .catch((error: unknown) => wrong.push(error instanceof Error ? error.message : String(error)));
      // Who has closed the tab meanwhile waits for none.
      if (this.isDisposed) return;
    }
    this.#entitle();
    this.#stateChanged.emit();
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
  }

  /** Shows more volumes over this one in another tab; without it they are shown here. */
  addElsewhere?: (paths: readonly string[], asLabels: boolean) => Promise<void>;

  /** Emits as soon as the view moves. */
  get moved(): ISignal<this, void> {
    return this.#moved;
  }

  /** Of a collection an image has been chosen, to be opened in the place of this tab: the paths with it. */
  get chosen(): ISignal<this, readonly string[]> {
    return this.#chosen;
  }

  get key(): string {
    return this.#volumes.key;
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
    this.#helper.jobs.changed.disconnect(this.#onJob, this);
    this.#contents.fileChanged.disconnect(this.#onFile, this);
    this.#settled.dispose();
    this.#opening?.abort();
    this.#handle?.dispose();
    super.dispose();
  }

  /** Shows another view. */
  setState(state: ViewerState): void {
    this.#state = state;
    this.#handle?.setState(state);
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
    const { names } = this.#volumes;
    this.#say(this.paths.length > 1 ? 'Opening the volumes…' : 'Opening the volume…');
    const opening = (this.#opening = new AbortController());
    const giveUp = (): void => opening.abort(new Error('You gave up waiting for it.'));
    const goQuiet = tellTrouble(this.node, this.paths, this.#helper.trouble, giveUp);
    const showing = this.#show(opening.signal, goQuiet).finally(goQuiet);
    this.#showing = showing.catch(async error => {
      opening.abort();
      if (this.isDisposed || this.#opening !== opening) return;
      // Of slices that are many, one stands for all.
      const paths = this.#volumes.isStack ? this.paths.slice(0, 1) : this.paths;
      const lost = await firstGone(paths, this.#helper, this.#contents);
      if (this.isDisposed || this.#opening !== opening) return;
      // Only now: one that is opened meanwhile would have this note laid over it.
      this.#isOpened = false;
      this.#renameIn(names);
      const what = error instanceof Error ? error.message : String(error);
      if (lost >= 0) return this.#sayLost(lost);
      // What was found, or typed, may not be what was meant.
      const isTyped = this.paths.length === 1 && isAddress(this.paths[0]);
      const doubtful = this.#found < 0 && isTyped ? 0 : this.#found;
      this.#say(what, true, doubtful < 0 ? undefined : this.#wayToFind(doubtful));
    });
  }

  #sayLost(number: number): void {
    const path = this.paths[number];
    const way = this.#wayToFind(number);
    const what = `${path} is not there: it has been renamed, moved or removed since this view was kept.`;
    const then = ' Show where it is now, and the view goes on there, with all that was drawn in it.';
    this.#say(way ? what + then : what, true, way);
  }

  #wayToFind(number: number): Action | undefined {
    const label = isAddress(this.paths[number]) ? 'Change the address…' : 'Find it…';
    return this.find && { label, onClick: () => this.#ask(number) };
  }

  /** Has a person show where a volume is now, and opens it there, in the same view. */
  async #find(number: number): Promise<void> {
    const volume = this.#volumes.all[this.#volumes.isStack ? 0 : number];
    const { source } = volume;
    // Slices are in one folder, before and after.
    const asked = typeof source === 'string' ? source : folderOf(source[number]);
    const found = await this.find!(asked);
    // Meanwhile it may have been followed, or its output may have taken its place.
    if (found === null || this.isDisposed || !this.#volumes.all.includes(volume) || volume.source !== source) return;
    const before = this.paths;
    this.#state = this.state;
    this.#opening?.abort();
    this.#handle?.dispose();
    this.#handle = undefined;
    this.#isOpened = false;
    this.#found = number;
    this.#goTo(path =>
      typeof source !== 'string' ? path.replace(/.*[\\/]|^/, () => `${found}/`) : path === source ? found : path
    );
    this.#open();
    for (const [n, each] of before.entries())
      if (each !== this.paths[n]) this.#relocated.emit({ path: each, found: this.paths[n] });
    this.#stateChanged.emit();
  }

  #ask(number: number): void {
    void report('Cannot be found', () => this.#find(number));
  }

  /** Asks a person where a volume, or a folder of slices, is now; null: they do not say. Without it nobody is asked. */
  find?: (path: string) => Promise<string | null>;

  /**
   * @param signal - ends it, where the tab is closed or a person gives up
   * @param onChoice - hears that a person is asked which image to show
   */
  async #show(signal: AbortSignal, onChoice: () => void): Promise<void> {
    const { all } = this.#volumes;
    const sources = all.map(({ source }) => source);
    // Unless a viewer has it by then.
    signal.addEventListener('abort', startWorker());
    const finding = Promise.all([import('../../viewer/index.ts'), this.#changes.findSources()]);
    const [{ createViewer }, found] = await unlessAborted(finding, signal);
    for (const [n, { sampled }] of found.entries()) all[n].isSampled = sampled ?? false;
    this.#entitle();
    this.#note?.remove();
    const state = this.#state;
    const isOnServer = !isAbsolute(this.paths[0]);
    const handle = await createViewer(this.node, {
      source: found.map((each, n) => ({ ...each, asLabels: all[n].asLabels })),
      // A tab is known by what it shows: another takes the place of this one.
      imageIn: async (n, path) => {
        this.#chosen.emit(this.paths.map((each, at) => (at === n ? placeBelow(each, path) : each)));
        throw new Error('The image is opened in another tab.');
      },
      state,
      signal,
      onChoice,
      server: PageConfig.getBaseUrl(),
      link: async view => {
        if (this.paths.some(isStandIn))
          throw new Error(
            'A link cannot hold the key in this address (a login, or what is behind its ?): give whoever shall see it the address itself.'
          );
        return linkOf(URLExt.join(PageConfig.getBaseUrl(), 'lab'), {
          paths: [...this.paths],
          ...(this.reading && { options: this.reading }),
          ...(this.way.asLabels && { asLabels: this.way.asLabels }),
          ...(this.#volumes.isStack && { isStack: true }),
          state: view
        });
      },
      ...(this.find && { find: number => this.#ask(number) }),
      ...(isOnServer && { savePicture: (name, picture) => savePicture(this.#contents, this.paths[0], name, picture) }),
      onState: () => {
        this.#moved.emit();
        void this.#settled.invoke();
      }
    });
    if (this.isDisposed || signal.aborted) {
      handle.dispose();
      return;
    }
    this.#handle = handle;
    this.#found = -1;
    // Show the state that was set meanwhile.
    if (this.#state && this.#state !== state) handle.setState(this.#state);
    handle.setVisible(this.isVisible);
    for (const [n, source] of sources.entries()) all[n].pictured = source;
    this.#changes.follow();
  }

  #say(text: string, failed = false, way?: Action): void {
    const retry = { label: 'Retry', onClick: () => this.#open() };
    const actions = [...(way ? [way] : []), ...(failed ? [retry] : [])];
    this.#note = noteOf(text, failed, actions);
    this.node.replaceChildren(this.#note);
  }

  readonly #helper: IHelper;
  readonly #settled = new Debouncer(() => this.#stateChanged.emit(), SETTLED);
  readonly #stateChanged = new Signal<this, void>(this);
  readonly #moved = new Signal<this, void>(this);
  readonly #chosen = new Signal<this, readonly string[]>(this);
  readonly #exchanged = new Signal<this, void>(this);
  readonly #relocated = new Signal<this, { path: string; found: string }>(this);
  readonly #volumes: Volumes;
  readonly #changes: Changes;
  readonly #contents: Contents.IManager;
  #state: ViewerState | undefined;
  #handle: ViewerHandle | undefined;
  /** Ends when the volumes are shown, or cannot be. */
  #showing = Promise.resolve();
  #isOpened = false;
  #opening: AbortController | null = null;
  /** What is said in place of a picture. */
  #note: HTMLElement | null = null;
  /** Number of the volume that a person has found last; -1 where none was lost. */
  #found = -1;
}
