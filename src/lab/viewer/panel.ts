import { showErrorMessage } from '@jupyterlab/apputils';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';
import type { Drag } from '@lumino/dragdrop';
import type { Message } from '@lumino/messaging';
import { Debouncer } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { isAbsolute } from '../../form/output.ts';
import { isStandIn, placeBelow } from '../../model/address.ts';
import type { LookOptions, Source } from '../../protocol/index.ts';
import { isActive } from '../../protocol/job.ts';
import type { ViewerHandle, ViewerState } from '../../viewer/index.ts';
import { renamed } from '../../viewer/state/renamed.ts';
import { startWorker } from '../../viewer/worker/startedWorker.ts';
import type { IHelper, JobChange } from '../helper.ts';
import { renamedTo, toServerPath } from '../paths.ts';
import { firstGone } from './gone.ts';
import { findsSameVoxels } from './reading.ts';
import { savePicture } from './savePicture.ts';
import type { FoundSource } from './source.ts';
import { baseName, findSource, findSources, lookedAt, namesOf } from './source.ts';
import { linkOf } from './viewLink.ts';
import { type Way, asLabelsOf, keyOf } from './way.ts';

/** Milliseconds of rest before a changed view is kept. */
const SETTLED = 1000;

/** Mark in the title of a tab for a source that is not converted. */
const SAMPLED = ' (sampled)';
/** MIME type of what the file browser drags, and the events of a drag. */
const CONTENTS_MIME = 'application/x-jupyter-icontents';
const DRAGS = ['lm-dragenter', 'lm-dragover', 'lm-drop'];

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
    this.#paths = paths;
    this.#way = way;
    this.#asLabels = asLabelsOf(paths, way);
    this.#helper = helper;
    this.#contents = contents;
    this.#state = state;
    this.addClass('mct-ViewerPanel');
    this.#entitle();
    helper.jobs.changed.connect(this.#onJob, this);
    contents.fileChanged.connect(this.#onFile, this);
  }

  get paths(): readonly string[] {
    return this.#paths;
  }

  get way(): Way {
    const asLabels = this.#asLabels.every(Boolean) || (this.#asLabels.some(Boolean) && [...this.#asLabels]);
    return { ...this.#way, asLabels };
  }

  get reading(): LookOptions | undefined {
    return this.#way.reading;
  }

  /** Number of a source among the volumes that are shown as they lie there; -1 where it is none. */
  #numberOf(source: Source): number {
    const shown: Source[] = this.#way.isStack ? [[...this.#paths]] : [...this.#paths];
    return shown.findIndex((each, n) => this.#sampled[n] && JSON.stringify(each) === JSON.stringify(source));
  }

  /** When a conversion of what is shown is whole, its output takes the source's place. */
  #onJob(_: unknown, { now, before }: JobChange): void {
    const isDone = now?.kind === 'convert' && now.state === 'done' && before !== null && isActive(before);
    const output = now?.result?.output;
    if (!isDone || output === undefined || now.options.parent || !this.#handle) return;
    const number = this.#numberOf(now.source);
    if (number < 0 || !findsSameVoxels(now.options, this.reading ?? {})) return;
    void this.#exchange(number, output, now.options.roi != null).catch(error =>
      console.warn(`${output}: could not be shown`, error)
    );
  }

  async #exchange(number: number, output: string, isRegion: boolean): Promise<void> {
    const source = await findSource(output, this.#helper);
    const before = this.#names[number];
    // Meanwhile others may be added, renamed, or exchanged.
    const paths = (): readonly string[] => (this.#way.isStack ? [output] : this.#paths.with(number, output));
    const name = namesOf(paths())[number];
    await this.#handle?.exchange(
      number,
      { ...source, name, asLabels: this.#asLabels[number] },
      `${baseName(output)} is written whole, and shown now in the place of ${before}.${isRegion ? ' It has only the region that was chosen for the conversion.' : ''}`
    );
    this.#paths = paths();
    this.#pictured = this.#way.isStack ? this.#paths : this.#pictured.with(number, output);
    this.#sampled[number] = false;
    this.#way = this.#isSampled ? this.#way : {};
    this.#entitle();
    this.#exchanged.emit();
    this.#stateChanged.emit();
  }

  /** A volume that is renamed or moved in the file browser is followed to where it is. */
  #onFile(_: unknown, change: Contents.IChangedArgs): void {
    const before = this.#paths;
    const followed = before.map(path => renamedTo(this.#contents, change, path));
    if (followed.every(path => path === null)) return;
    this.#goTo(before.map((path, n) => followed[n] ?? path));
    if (this.#handle) this.#follow();
    this.#stateChanged.emit();
  }

  /** Takes the volumes to be at other paths, and in a view that is not shown yet, too. */
  #goTo(paths: string[]): void {
    const names = this.#names;
    this.#paths = paths;
    this.#entitle();
    if (this.#state && !this.#isOpened) {
      this.#state = renamed(this.#state, new Map(names.map((name, n) => [name, this.#names[n]])));
    }
  }

  /** Has the picture go on with volumes that were at other paths. */
  #follow(): void {
    const follow = async (): Promise<void> => {
      const [handle, paths, before] = [this.#handle, this.#paths, this.#pictured];
      if (!handle || paths === before) return;
      const sources = await this.#findSources(paths);
      const isMoved = (n: number): boolean => this.#way.isStack === true || paths[n] !== before[n];
      const left = handle.names.filter((_, n) => !isMoved(n));
      const moved = [...sources.entries()].filter(([n]) => isMoved(n));
      await handle.rename(
        new Map(
          moved.map(([n, source]) => [
            n,
            { ...source, name: left.includes(source.name) ? paths[n] : source.name, asLabels: this.#asLabels[n] }
          ])
        )
      );
      this.#pictured = paths;
    };
    // One after the other. Of a volume that cannot be opened where it is now, the viewer says that it is gone.
    this.#following = this.#following
      .then(follow)
      .catch(error => console.warn(`${this.#paths.join(', ')}: could not be shown after it was renamed`, error));
  }

  /** An output has taken the place of its source. */
  get exchanged(): ISignal<this, void> {
    return this.#exchanged;
  }

  /** A person has found a volume, or a slice of one, that was no longer at its path. */
  get relocated(): ISignal<this, { path: string; found: string }> {
    return this.#relocated;
  }

  get #name(): string {
    const others = this.paths.length - 1;
    return baseName(this.paths[0]) + (others > 0 ? ` and ${others} other${others > 1 ? 's' : ''}` : '');
  }

  /** Names of the volumes in the viewer. */
  get #names(): string[] {
    return this.#way.isStack ? [this.#name] : namesOf(this.paths);
  }

  async #findSources(paths = this.paths): Promise<FoundSource[]> {
    if (this.#way.isStack) return [{ ...lookedAt([...paths], this.#helper, this.reading ?? {}), name: this.#name }];
    return findSources(paths, this.#helper, this.reading);
  }

  get #isSampled(): boolean {
    return this.#sampled.some(Boolean);
  }

  #entitle(): void {
    this.title.label = this.#name;
    this.title.caption = this.key;
    if (!this.#isSampled) return;
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
    const handle = this.#handle;
    if (!handle) throw new Error(`${this.#name} is not open: try again when its picture is there.`);
    if (this.#way.isStack) throw new Error('Slices that are not converted are shown alone: convert them first.');
    const wrong: string[] = [];
    for (const path of paths) {
      try {
        if (isShown(path)) throw new Error(`${baseName(path)} is shown here already.`);
        const found = await findSource(path, this.#helper, this.reading);
        const name = handle.names.includes(found.name) ? path : found.name;
        await handle.add({ ...found, name, asLabels });
        this.#paths = [...this.paths, path];
        this.#asLabels.push(asLabels);
        this.#pictured = [...this.#pictured, path];
        this.#sampled.push(found.sampled ?? false);
      } catch (error) {
        wrong.push(error instanceof Error ? error.message : String(error));
      }
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

  /** Takes OME-Zarrs that are dragged out of the file browser. */
  handleEvent(event: Event): void {
    const drag = event as Drag.Event;
    if (!drag.mimeData?.hasData(CONTENTS_MIME)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.type === 'lm-drop') {
      drag.dropAction = 'copy';
      const paths = (drag.mimeData.getData(CONTENTS_MIME) as string[]).map(path => toServerPath(this.#contents, path));
      void this.addVolumes(paths).catch(error => showErrorMessage('Cannot be added to the viewer', error as Error));
    } else {
      drag.dropAction = drag.proposedAction;
    }
  }

  get key(): string {
    return keyOf(this.paths, this.way);
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
    for (const type of DRAGS) this.node.addEventListener(type, this);
    if (this.isVisible) {
      this.#open();
    }
  }

  protected override onBeforeDetach(msg: Message): void {
    for (const type of DRAGS) this.node.removeEventListener(type, this);
    super.onBeforeDetach(msg);
  }

  /** Neuroglancer is loaded when its first tab is seen. */
  #open(): void {
    if (this.#isOpened) {
      return;
    }
    this.#isOpened = true;
    this.#say(this.paths.length > 1 ? 'Opening the volumes…' : 'Opening the volume…');
    this.#showing = this.#show().catch(async error => {
      // Of slices that are many, one stands for all.
      const paths = this.#way.isStack ? this.#paths.slice(0, 1) : this.#paths;
      const lost = await firstGone(paths, error, this.#helper, this.#contents);
      if (this.isDisposed) return;
      // Only now: one that is opened meanwhile would have this note laid over it.
      this.#isOpened = false;
      const what = error instanceof Error ? error.message : String(error);
      if (lost >= 0) this.#sayLost(lost);
      // What was found may not be what was meant.
      else this.#say(what, true, this.#found < 0 ? undefined : this.#wayToFind(this.#found));
    });
  }

  #sayLost(number: number): void {
    const path = this.#paths[number];
    const way = this.#wayToFind(number);
    const what = `${path} is not there: it has been renamed, moved or removed since this view was kept.`;
    const then = ' Show where it is now, and the view goes on there, with all that was drawn in it.';
    this.#say(way ? what + then : what, true, way);
  }

  #wayToFind(number: number): { label: string; onClick: () => Promise<void> } | undefined {
    return this.find && { label: 'Find it…', onClick: () => this.#find(number) };
  }

  /** Has a person show where a volume is now, and opens it there, in the same view. */
  async #find(number: number): Promise<void> {
    const path = this.#paths[number];
    const isStack = this.#way.isStack ?? false;
    // Slices are in one folder, before and after.
    const found = await this.find!(isStack ? folderOf(path) : path);
    // Meanwhile it may have been followed, or its output may have taken its place.
    if (found === null || this.isDisposed || this.#paths[number] !== path) return;
    const before = this.#paths;
    this.#state = this.state;
    this.#handle?.dispose();
    this.#handle = undefined;
    this.#isOpened = false;
    this.#found = number;
    this.#goTo(isStack ? before.map(each => each.replace(/.*[\\/]|^/, () => `${found}/`)) : before.with(number, found));
    this.#open();
    for (const [n, each] of before.entries())
      if (each !== this.#paths[n]) this.#relocated.emit({ path: each, found: this.#paths[n] });
    this.#stateChanged.emit();
  }

  /** Asks a person where a volume, or a folder of slices, is now; null: they do not say. Without it nobody is asked. */
  find?: (path: string) => Promise<string | null>;

  async #show(): Promise<void> {
    const { paths } = this;
    startWorker();
    const [{ createViewer }, source] = await Promise.all([import('../../viewer/index.ts'), this.#findSources()]);
    if (this.isDisposed) {
      return;
    }
    this.#sampled = source.map(({ sampled }) => sampled ?? false);
    this.#entitle();
    this.node.replaceChildren();
    const state = this.#state;
    const isOnServer = !isAbsolute(this.paths[0]);
    const handle = await createViewer(this.node, {
      source: source.map((each, n) => ({ ...each, asLabels: this.#asLabels[n] })),
      // A tab is known by what it shows: another takes the place of this one.
      imageIn: async (n, path) => {
        this.#chosen.emit(this.paths.map((each, at) => (at === n ? placeBelow(each, path) : each)));
        throw new Error('The image is opened in another tab.');
      },
      state,
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
          ...(this.#way.isStack && { isStack: true }),
          state: view
        });
      },
      ...(this.find && { find: number => void this.#find(number) }),
      ...(isOnServer && { savePicture: (name, picture) => savePicture(this.#contents, this.paths[0], name, picture) }),
      onState: () => {
        this.#moved.emit();
        void this.#settled.invoke();
      }
    });
    if (this.isDisposed) {
      handle.dispose();
      return;
    }
    this.#handle = handle;
    // Show the state that was set meanwhile.
    if (this.#state && this.#state !== state) handle.setState(this.#state);
    handle.setVisible(this.isVisible);
    this.#pictured = paths;
    this.#follow();
  }

  #say(text: string, failed = false, way?: { label: string; onClick: () => Promise<void> }): void {
    const note = document.createElement('div');
    note.className = 'mct-Viewer-note';
    note.setAttribute('role', failed ? 'alert' : 'status');
    note.textContent = text;
    const add = (label: string, onClick: () => void): void => {
      const button = document.createElement('button');
      button.className = 'jp-mod-styled';
      button.textContent = label;
      button.addEventListener('click', onClick);
      note.append(button);
    };
    if (way) add(way.label, () => void way.onClick());
    if (failed) add('Retry', () => this.#open());
    this.node.replaceChildren(note);
  }

  readonly #helper: IHelper;
  readonly #settled = new Debouncer(() => this.#stateChanged.emit(), SETTLED);
  readonly #stateChanged = new Signal<this, void>(this);
  readonly #moved = new Signal<this, void>(this);
  readonly #chosen = new Signal<this, readonly string[]>(this);
  readonly #exchanged = new Signal<this, void>(this);
  readonly #relocated = new Signal<this, { path: string; found: string }>(this);
  #way: Way;
  #paths: readonly string[];
  /** Those of the volumes that the picture shows: where they are renamed, it follows a while later. */
  #pictured: readonly string[] = [];
  readonly #contents: Contents.IManager;
  #state: ViewerState | undefined;
  #handle: ViewerHandle | undefined;
  #following = Promise.resolve();
  /** Ends when the volumes are shown, or cannot be. */
  #showing = Promise.resolve();
  #isOpened = false;
  /** Number of the volume that a person has found last; -1 where none was lost. */
  #found = -1;
  /** Which of the volumes are shown as segments, whatever their metadata says. */
  readonly #asLabels: boolean[];
  /** Which of the volumes are shown as they lie there. */
  #sampled: boolean[] = [];
}
