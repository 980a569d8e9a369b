import { DOMWidgetView, JupyterLuminoWidget } from '@jupyter-widgets/base';
import { PageConfig } from '@jupyterlab/coreutils';
import { JSONExt } from '@lumino/coreutils';
import type { Message } from '@lumino/messaging';
import { Throttler } from '@lumino/polling';
import type { GivenAlignment, LayerLook, ViewerHandle, ViewerState } from '../viewer/index.ts';
import { laidOver } from '../viewer/state/viewState.ts';
import { startWorker } from '../viewer/worker/startedWorker.ts';
import { keepPicture, keptPicture } from './keptPictures.ts';
import type { Before, Place } from './place.ts';
import type { ViewerModel } from './viewerModel.ts';

/** Milliseconds between two states that are sent to Python. */
const STATE_INTERVAL = 200;
/** Milliseconds that a camera is kept for another picture. */
const CAMERA_REST = 10_000;
/** Milliseconds between two checks of whether a viewer out of sight is whole, and the longest wait for that. */
const LOOK = 250;
const LONGEST_LOOK = 20_000;

/** What is done in a notebook about a volume that is gone. */
const WHERE_TO =
  'If it is elsewhere now, give the viewer its new path in a cell, where it had the old one (viewer.source = "…", viewer.labels or viewer.layers): this view goes on there.';

/** Wishes of Python beside a state. */
interface Wishes {
  position?: number[];
  /** Ranges of a box to be drawn; null: takes away the one that was drawn before. */
  selection?: number[] | null;
  measurements?: Record<string, unknown>[];
  /** By the numbers of volumes. */
  looks?: Record<string, LayerLook>;
  /** The same. */
  alignments?: Record<string, GivenAlignment>;
  /** Numbers of volumes that no page has shown yet. */
  fresh?: number[];
  /** Those that are shown no more, while a state may have them. */
  removed?: Before[];
}

/** Question of Python to a page. */
interface Question {
  method: string;
  id: string;
  params: {
    /** Size in pixels; without it, the picture on the screen is taken. */
    size?: [number, number];
    /** Changes to the present view. */
    state?: ViewerState;
  };
}

/** Views of a page that look at the same place, by what links them. */
const linked = new Map<string, Set<ViewerView>>();

/** One place where a `ViewerWidget` is shown. */
export class ViewerView extends DOMWidgetView {
  override _createElement(): HTMLElement {
    this.luminoWidget = new JupyterLuminoWidget({ node: document.createElement('div'), view: this });
    return this.luminoWidget.node;
  }

  override _setElement(element: HTMLElement): void {
    this.el = element;
  }

  override render(): void {
    super.render();
    this.luminoWidget.addClass('jupyter-widgets');
    this.luminoWidget.addClass('mct-Viewer');
    this._sendState = new Throttler(() => this._share(), { limit: STATE_INTERVAL, edge: 'trailing' });
    this._sendPick = new Throttler(() => this._sharePick(), { limit: STATE_INTERVAL, edge: 'trailing' });
    window.addEventListener('pagehide', this._leave);
    this._seen = new IntersectionObserver(entries => {
      this._isSeen = entries[entries.length - 1].isIntersecting;
      this._draw();
    });
    this._seen.observe(this.el);
    this._setHeight();
    this.listenTo(this.model, 'change:height', () => this._setHeight());
    this.listenTo(this.model, 'change:state', () => this._takeState());
    this.listenTo(this.model, 'change:_wishes', () => this._takeWishes());
    // Python ignored what was sent before this was known, and its own state may not be what is shown.
    this.listenTo(this.model, 'change:_asked', () => {
      this._isAsked = true;
      void this._sendState?.invoke();
    });
    this.listenTo(this.model, 'change:_places', () => this._openMore());
    this.listenTo(this.model, 'change:_link', () => this._join());
    this._join();
    this.listenTo(this.model, 'msg:custom', (question: Question) => void this._answer(question));
    keepPicture(this._context, this, () => this._takeSnapshot());
    // Neuroglancer needs an element that has a size.
    void this.displayed.then(() => this._open());
  }

  override processLuminoMessage(msg: Message): void {
    super.processLuminoMessage(msg);
    // A notebook takes cells that are far away out of the page, and puts them back.
    if (msg.type === 'before-detach') {
      this._share();
      this._rest();
    } else if (msg.type === 'after-attach') {
      this._draw();
    }
  }

  override remove(): unknown {
    this._turn = -1;
    clearTimeout(this._resting);
    this._share();
    window.removeEventListener('pagehide', this._leave);
    this._seen?.disconnect();
    if (this._group) linked.get(this._group)?.delete(this);
    this._sendState?.dispose();
    this._sendPick?.dispose();
    this._close();
    return super.remove();
  }

  private async _open(): Promise<void> {
    const turn = (this._turn = (this._turn ?? 0) + 1);
    const model = this.model as ViewerModel;
    this._close();
    this._say('Opening the volume…');
    const opening = (this._opening = new AbortController());
    // Unless a viewer has it by then.
    opening.signal.addEventListener('abort', startWorker());
    try {
      const [{ createViewer }, source] = await Promise.all([import('../viewer/index.ts'), model.findSources()]);
      if (turn !== this._turn) {
        return;
      }
      this._note?.remove();
      const kept = this.model.get('state') as ViewerState;
      const { fresh, removed } = this.model.get('_wishes') as Wishes;
      const state = model.whereItIs(kept, source, removed);
      const handle = await createViewer(this.el, {
        source,
        signal: opening.signal,
        place: 'notebook',
        state,
        ...('layers' in state && { fresh }),
        server: PageConfig.getBaseUrl(),
        whereTo: WHERE_TO,
        onState: () => {
          this._lead();
          void this._sendState?.invoke();
        },
        onPick: () => void this._sendPick?.invoke()
      });
      if (turn !== this._turn) {
        handle.dispose();
        return;
      }
      this._note?.remove();
      this._handle = handle;
      this._shown = { load: (this.model.get('_places') as Place[])[0].load, count: source.length };
      this._draw();
      // The state may have been set while the viewer was being opened.
      if (this.model.get('state') !== kept) this._takeState();
      this._takeWishes();
      void this._sendState?.invoke();
    } catch (error) {
      opening.abort();
      if (turn === this._turn) {
        this._say(error instanceof Error ? error.message : String(error));
        const picture = this.model.comm_live ? null : keptPicture(this._context, this.model.model_id);
        if (picture) this._note?.prepend(picture);
      }
    }
  }

  /** The notebook. */
  private get _context(): Parameters<typeof keepPicture>[0] {
    return (this.model.widget_manager as { context?: Parameters<typeof keepPicture>[0] }).context;
  }

  /** Lays what has been added over what is there; all of it is opened anew where there is something else. */
  private _openMore(): void {
    const { load } = (this.model.get('_places') as Place[])[0];
    if (!this._handle || load !== this._shown?.load) return void this._open();
    this._adds = (this._adds ?? 0) + 1;
    // One after the other.
    this._adding = (this._adding ?? Promise.resolve()).catch(() => undefined).then(() => this._addMore());
  }

  private async _addMore(): Promise<void> {
    const { _handle: handle, _shown: shown } = this;
    const { length } = this.model.get('_places') as Place[];
    try {
      const sources = await (this.model as ViewerModel).findSources();
      while (handle && shown && shown.count < length) {
        await handle.add(sources[shown.count]);
        shown.count++;
      }
    } catch (error) {
      if (shown) shown.count = length;
      // Of a viewer in whose place another has been opened meanwhile there is nothing to say.
      if (this._handle === handle) this._say(error instanceof Error ? error.message : String(error));
    } finally {
      this._adds!--;
    }
    this._takeWishes();
  }

  /** Draws while it is in sight, and else until all of it is there: a notebook keeps a picture of what it shows. */
  private _draw(): void {
    if (!this.el.isConnected) return this._rest();
    clearTimeout(this._resting);
    this._handle?.setVisible((this._isDrawing = true));
    if (this._isSeen ?? true) return;
    const until = Date.now() + LONGEST_LOOK;
    const look = (): void => {
      if (this._handle?.isWhole === false && Date.now() < until) this._resting = setTimeout(look, LOOK);
      else this._rest();
    };
    this._resting = setTimeout(look, LOOK);
  }

  private _rest(): void {
    clearTimeout(this._resting);
    this._takeSnapshot();
    this._handle?.setVisible((this._isDrawing = false));
  }

  /** The present picture, or the last one where nothing is drawn now. */
  private _takeSnapshot(): HTMLCanvasElement | null {
    const isThere = this._isDrawing && this.el.isConnected && this.el.clientWidth > 0;
    const taken = isThere ? (this._handle?.snapshot() ?? null) : null;
    return (this._picture = taken ?? this._picture ?? null);
  }

  /** Takes pictures that Python asks for: of several views of a viewer, the first one that has a picture. */
  private async _answer({ method, id, params }: Question): Promise<void> {
    if (method !== 'picture' || !this._handle || (this.model as ViewerModel).photographer(this) !== this) return;
    try {
      const handle = this._handle;
      const { size, state = {} } = params;
      let png: Blob;
      if (size) {
        const key = JSON.stringify(size);
        if (this._camera?.key !== key) {
          this._camera?.camera.dispose();
          this._camera = { key, camera: handle.camera({ width: size[0], height: size[1] }) };
        }
        clearTimeout(this._cameraRest);
        png = await this._camera.camera.take(handle.complete(state));
        // The frames of a film are one after the other.
        this._cameraRest = setTimeout(() => this._dropCamera(), CAMERA_REST);
      } else {
        const taken = this._takeSnapshot();
        if (taken === null) throw new Error('Nothing of this viewer is on the screen: bring it into sight.');
        png = await (await fetch(taken.toDataURL('image/png'))).blob();
      }
      this.model.send({ method: 'answer', id }, undefined, [await png.arrayBuffer()]);
    } catch (error) {
      this._dropCamera();
      this.model.send({ method: 'answer', id, error: error instanceof Error ? error.message : String(error) });
    }
  }

  private _dropCamera(): void {
    this._camera?.camera.dispose();
    this._camera = undefined;
  }

  /** Whether it can be photographed. */
  get isDrawn(): boolean {
    return this._handle !== undefined;
  }

  /** Moves the viewers linked with this one to where it looks. */
  private _lead(): void {
    const group = this._group && linked.get(this._group);
    const pose = this._isFollowing ? null : this._handle?.pose;
    if (!group || !pose) return;
    for (const other of group) {
      if (other === this || other.model === this.model || !other._handle) continue;
      other._isFollowing = true;
      if (!areEqual(other._handle.pose, pose)) other._handle.pose = pose;
      other._isFollowing = false;
    }
  }

  private _join(): void {
    if (this._group) linked.get(this._group)?.delete(this);
    this._group = this.model.get('_link') as string;
    if (!this._group) return;
    if (!linked.has(this._group)) linked.set(this._group, new Set());
    linked.get(this._group)!.add(this);
    this._lead();
  }

  private _close(): void {
    this._opening?.abort();
    this._dropCamera();
    this._handle?.dispose();
    this._handle = undefined;
  }

  /** Shows what Python, or another view, has set. */
  private _takeState(): void {
    const asked = this.model.get('state') as ViewerState;
    if (!this._handle || Object.keys(asked).length === 0) {
      return;
    }
    const present = this._handle.getState();
    const next = laidOver(present, asked);
    if (!JSONExt.deepEqual(next as never, present as never)) {
      this._handle.setState(next);
      this._draw();
    }
  }

  /** Fulfils Python's wishes beside the state. They stand until a page has told what came of them. */
  private _takeWishes(): void {
    const { position, selection, measurements, looks = {}, alignments = {} } = this.model.get('_wishes') as Wishes;
    const { sight, toolbar } = this._handle ?? {};
    // Wishes for a volume that is being added wait until it is there.
    const isWhole = !this._adds && (this.model.get('_places') as Place[]).length === this._shown?.count;
    if (!sight || !toolbar || !isWhole) return;
    if (position) sight.position = position;
    if (measurements) toolbar.measurements = measurements;
    if (selection !== undefined) sight.selection = selection;
    for (const [number, look] of Object.entries(looks)) this._handle?.setLook(Number(number), look);
    for (const [number, given] of Object.entries(alignments)) this._handle?.align(Number(number), given);
    this._draw();
    // Also where nothing has changed by it.
    this._isAsked ||= Object.keys(this.model.get('_wishes') as Wishes).length > 0;
    void this._sendState?.invoke();
  }

  private _share(): void {
    const { _handle: handle } = this;
    const sight = handle?.sight;
    if (!handle || !sight || this._adds) return;
    const present: Record<string, unknown> = {
      state: handle.getState(),
      position: sight.position,
      selection: sight.selection,
      _measurements: handle.toolbar.measurements,
      _looks: handle.looks.map(look => look ?? {})
    };
    const changed = Object.entries(present).filter(([name, value]) => !areEqual(value, this.model.get(name)));
    if (changed.length === 0 && !this._isAsked) return;
    this.model.set(Object.fromEntries(changed));
    if (this._isAsked) this.model.save(present, { patch: true });
    else this.model.save_changes();
    this._isAsked = false;
  }

  /** Where the mouse leaves the picture, what was last under it stays. */
  private _sharePick(): void {
    const pick = this._handle?.sight?.pick;
    if (!pick || areEqual(pick, this.model.get('pick'))) return;
    this.model.set({ pick });
    this.model.save_changes();
  }

  /** The page goes away: what Python has not heard yet it hears now. */
  private get _leave(): () => void {
    return (this._leaving ??= () => this._share());
  }

  private _setHeight(): void {
    // Not the style itself: that is the `layout` trait's.
    this.el.style.setProperty('--mct-viewer-height', this.model.get('height') as string);
  }

  private _say(text: string): void {
    const note = document.createElement('div');
    note.className = 'mct-Viewer-note';
    note.setAttribute('role', 'status');
    note.textContent = text;
    this._note?.remove();
    this._note = note;
    this.el.append(note);
  }

  // Backbone's constructor calls `render`: fields with initializers would come too late.
  declare private _opening?: AbortController;
  declare private _handle?: ViewerHandle;
  declare private _sendState?: Throttler<void>;
  declare private _sendPick?: Throttler<void>;
  declare private _seen?: IntersectionObserver;
  declare private _isSeen?: boolean;
  declare private _isDrawing?: boolean;
  declare private _resting?: ReturnType<typeof setTimeout>;
  declare private _isAsked?: boolean;
  /** Which volumes are shown. */
  declare private _shown?: { load: number; count: number };
  declare private _picture?: HTMLCanvasElement | null;
  declare private _camera?: { key: string; camera: ReturnType<ViewerHandle['camera']> };
  declare private _cameraRest?: ReturnType<typeof setTimeout>;
  /** How many additions are under way, or wait. */
  declare private _adds?: number;
  declare private _adding?: Promise<void>;
  declare private _group?: string;
  declare private _isFollowing?: boolean;
  declare private _note?: HTMLElement;
  declare private _turn?: number;
  declare private _leaving?: () => void;
}

const areEqual = (a: unknown, b: unknown): boolean => JSONExt.deepEqual(a as never, b as never);
