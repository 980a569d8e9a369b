import { Addresses } from './addresses.ts';
import type { GivenAlignment } from './alignments.ts';
import { take as takeAlignment } from './alignments.ts';
import { Banner } from './banner.ts';
import type { Size } from './camera.ts';
import { Camera, isWhole, snapshotOf } from './camera.ts';
import { carriedOver, handedOn } from './carryOver.ts';
import type { Chooser } from './chooser.ts';
import { element } from './dom.ts';
import type { Volume } from './initialState.ts';
import { withFresh } from './freshLayers.ts';
import { initialState, layersOf, sourceOf } from './initialState.ts';
import type { Image } from './image.ts';
import { AbsentError, SeveralError } from './image.ts';
import type { LayerLook } from './layerLook.ts';
import { lookOf, setLook } from './layerLook.ts';
import { Neuroglancer } from './neuroglancer.ts';
import type { Opened, Place } from './opened.ts';
import { chooseImage } from './chooseImage.ts';
import { belongs, openPlaces, placeOf, segmentsAt } from './opened.ts';
import type { Pose } from './pose.ts';
import { lookAt, poseOf } from './pose.ts';
import { renamed } from './renamed.ts';
import type { SavePicture } from './screenshot.ts';
import { Sight } from './sight.ts';
import { spaceOf } from './space.ts';
import type { ViewerSource } from './source.ts';
import { startWorker } from './startedWorker.ts';
import { Toolbar } from './toolbar.ts';
import type { ViewerState } from './viewState.ts';
import { laidOver } from './viewState.ts';
import type { Finding } from './watch.ts';

export interface ViewerOptions {
  /** One OME-Zarr, or several that share a space. */
  source: ViewerSource | ViewerSource[];
  /** A state from `getState`; one that is not whole is laid over the first look. */
  state?: ViewerState;
  /** Numbers of sources that the state, which is whole, does not know yet: they are shown with what it has. */
  fresh?: readonly number[];
  /**
   * Source for the image that a person has chosen in `host`, of a source that holds several. Without it, such a source
   * is refused with their names.
   */
  imageIn?: (source: number, path: string) => Promise<ViewerSource>;
  /** Called when position, zoom, contrast or anything else of the state changes: often. */
  onState?: () => void;
  /** Called when the mouse moves to another place of the picture: often. */
  onPick?: () => void;
  /** Address, with a slash at the end, below which the page's own server has its files. */
  server?: string;
  /** An address that opens a view from `getState`; without it none is offered. */
  link?: (state: ViewerState) => Promise<string>;
  /** Keeps a picture in a file of its own beside the volume; answers with the file's path. */
  savePicture?: SavePicture;
  /**
   * Asks a person where the volume of a number is that is gone, and goes on there. Without it `whereTo` says what is to
   * be done.
   */
  find?: (number: number) => void;
  whereTo?: string;
  /** Where it is: in a notebook there is less room. `tab` by default. */
  place?: 'tab' | 'notebook';
  /** Chooser on the picture, in place of the toolbar. */
  chooser?: Chooser;
}

/** A viewer in an element, until it is disposed of. */
export interface ViewerHandle {
  /** Neuroglancer's state as JSON, whole; addresses in it hold in other pages and sessions too. */
  getState(): ViewerState;
  /**
   * Puts a state from `getState` in place of the present one; one that is not whole is laid over the first look. A
   * state that cannot be taken is reported.
   */
  setState(state: ViewerState): void;
  /** A viewer that is not visible fetches and draws nothing. */
  setVisible(visible: boolean): void;
  /** Reads everything again. */
  reload(): void;
  /** Looks whether the volumes are still those that are shown, and shows those that are there now. */
  check(): void;
  /**
   * Shows another volume over those that are there.
   *
   * @throws Error as `createViewer` does; what is shown stays as it was
   */
  add(source: ViewerSource): Promise<void>;
  /**
   * Shows, in the place of the volume of a number, another one that was made of it, at the same place, zoom and
   * contrast, and says `note`.
   *
   * @throws Error as `createViewer` does; what is shown stays as it was
   */
  exchange(number: number, source: ViewerSource, note: string): Promise<void>;
  /**
   * Goes on showing volumes, by their numbers, where they are now, under the names that they have there.
   *
   * @throws Error as `createViewer` does; what is shown stays as it was
   */
  rename(moved: ReadonlyMap<number, ViewerSource>): Promise<void>;
  /** Names of the volumes. */
  readonly names: string[];
  /** Position and zoom; null while there is no WebGL context. */
  pose: Pose | null;
  /** Properties that programs read and set, in voxels of the first volume; null while there is no WebGL context. */
  readonly sight: Sight | null;
  /** Copy of the present picture, without the bars around it; null where nothing is drawn. */
  snapshot(): HTMLCanvasElement | null;
  /** Whether everything to be drawn is there. */
  readonly isWhole: boolean;
  /** Takes pictures of this view and others in a size of their own. */
  camera(size: Size): Camera;
  /** A state, or what it changes of the present one, as a camera takes it. */
  complete(state: ViewerState): ViewerState;
  /** How each volume looks that was given or added, in this order; null of one that no layer shows. */
  readonly looks: (LayerLook | null)[];
  /** Changes how the volume of a number looks. */
  setLook(number: number, look: LayerLook): void;
  /** Shows the volume of a number where a program wants it. */
  align(number: number, alignment: GivenAlignment): void;
  /** Does what a control of the toolbar does. */
  readonly toolbar: Pick<
    Toolbar,
    | 'autoContrast'
    | 'invert'
    | 'renderVolume'
    | 'measure'
    | 'listMeasurements'
    | 'listSegments'
    | 'measurements'
    | 'copyLink'
    | 'editState'
    | 'takeScreenshot'
    | 'showAlignment'
  >;
  dispose(): void;
}

/** Height of Neuroglancer's bars above its panels, the position and the list of layers, in pixels. */
const BARS = 48;
/** Height of the bars above and below them where something is chosen: place, notes and histogram. */
const CHOOSER_BARS = 190;

/** A WebGL context that is lost sooner, in milliseconds, is not replaced unasked. */
const SHORT_LIFE = 5000;

/** Path of a chunk's or shard's file. */
const CHUNK = /\/\d+\/\d+\/\d+$/;

/** Milliseconds between two automatic reloads, and until the next look for a volume that is gone. */
const RELOAD_REST = 10_000;
const GONE_REST = 5000;

/**
 * Shows OME-Zarrs in `host`, which must have a size.
 *
 * @throws Error with what to do when the metadata cannot be read, the voxels cannot be shown, or there is no WebGL 2
 */
export async function createViewer(host: HTMLElement, options: ViewerOptions): Promise<ViewerHandle> {
  startWorker();
  const places: Place[] = [];
  for (const source of [options.source].flat()) places.push(placeOf(source, places));
  const forget = (): void => places.forEach(place => place.dispose());
  const { chooser } = options;
  const stage = element('div', { className: 'mct-Viewer-stage' });
  /** Null while the browser has taken the WebGL context away, and before the beginning and after the end. */
  let current: Neuroglancer | null = null;
  /** First Neuroglancer, made while the volumes are read: its graphics take a while, too. */
  let ahead: Neuroglancer | null = null;
  let failedAhead: string | null = null;
  const opening = openChosen();
  try {
    ahead = make();
  } catch (error) {
    void opening.then(
      ({ release }) => release(),
      () => undefined
    );
    forget();
    throw error;
  }
  let opened = await opening.catch((error: unknown) => {
    forgetAhead();
    forget();
    if (error instanceof AbsentError && options.whereTo !== undefined) error.message += ` ${options.whereTo}`;
    throw error;
  });
  ahead?.prepareDecoding(opened.volumes.flatMap(({ image }) => image.compression));
  const layout = options.state?.layout ?? layoutOf(opened.volumes[0].image, options.place === 'notebook');
  host.classList.add('mct-Viewer-host');
  const toolbar = new Toolbar({
    tell: (text, isPassing) => banner.tell(text, isPassing),
    volumes: () => opened.volumes,
    segmentsOf: address => segmentsAt(opened, address),
    volumeOf: layer => volumeOf(opened.volumes, layer),
    space: () => ({ space: spaceOf(opened.volumes[0].image), name: opened.volumes[0].name }),
    state: () => addresses.keep(present()),
    setState,
    link: options.link,
    savePicture: options.savePicture
  });
  const middle = element('div', { className: 'mct-Viewer-middle' }, stage);
  host.append(chooser?.head ?? toolbar.node, element('div', { className: 'mct-Viewer-body' }, middle, toolbar.side));
  const firstLook = ({ volumes }: Opened): ViewerState =>
    initialState(volumes, layout, {
      width: stage.clientWidth,
      height: stage.clientHeight - (chooser ? CHOOSER_BARS : BARS)
    });
  const addressesOf = ({ volumes }: Opened): Addresses =>
    new Addresses(
      volumes.slice(0, places.length),
      options.server,
      new Map(volumes.flatMap(layersOf).map(({ name, volume }) => [name, sourceOf(volume)]))
    );
  let first = firstLook(opened);
  let addresses = addressesOf(opened);
  const complete = (state: ViewerState): ViewerState => laidOver(first, addresses.restore(state));

  async function openChosen(): Promise<Opened> {
    for (;;) {
      const textContent = `Opening ${places.map(({ name }) => name).join(', ')}…`;
      const note = element('div', { className: 'mct-Viewer-note', textContent });
      note.setAttribute('role', 'status');
      host.append(note);
      try {
        return await openPlaces(places, onFinding).finally(() => note.remove());
      } catch (error) {
        const { imageIn } = options;
        if (!(error instanceof SeveralError) || error.paths.length === 0 || !imageIn) throw error;
        const place = places[error.place];
        forgetAhead();
        const path = await chooseImage(host, error, async key => (await place.reader(key, {}))?.bytes ?? null);
        places[error.place] = placeOf(await imageIn(error.place, path), places);
        place.dispose();
      }
    }
  }

  let visible = true;
  /** State to show when there is a context again. */
  let kept = withFresh(complete(options.state ?? {}), volumesOf(options.fresh ?? []), first);
  let disposed = false;
  /** Set while the volumes that are there now are being opened, or looked for. */
  let stale: { finding: 'changed' | 'gone'; name: string } | null = null;
  let reopening = false;
  let changing = Promise.resolve();
  let reopened = -Infinity;
  let again: ReturnType<typeof setTimeout> | undefined;

  /** Volumes of some numbers, with their labels. */
  function volumesOf(numbers: readonly number[]): Volume[] {
    const urls = numbers.map(n => opened.volumes[n].url);
    // Labels that were given by themselves, and lie in one of these, are known.
    return opened.volumes.filter(({ url }, n) =>
      n < places.length ? numbers.includes(n) : urls.some(each => url.startsWith(each))
    );
  }

  const present = (): ViewerState => current?.getState() ?? kept;
  // Above the picture, of which it hides nothing.
  const banner = new Banner(middle, refresh);

  /** Neuroglancer without a state, which fetches and draws nothing. */
  function make(): Neuroglancer {
    const began = performance.now();
    const appearance = {
      label: `Neuroglancer: ${places.map(({ name }) => name).join(', ')}`,
      inPage: options.place === 'notebook',
      isPlain: chooser !== undefined
    };
    const made: Neuroglancer = new Neuroglancer(stage, appearance, {
      onFailure: message => {
        if (ahead === made) failedAhead = message;
        // Of a volume that is gone, nothing else is to be said.
        if (current === made && stale === null) {
          banner.show(`Some of the volume could not be read; what is missing in the picture is not empty. ${message}`);
          // It may be another one by now.
          void look();
        }
      },
      onWaiting: seconds => {
        if (current !== made) return;
        const names = places.map(({ name }) => name).join(', ');
        banner.wait(seconds === null ? null : `Waiting for ${names}: the server has not answered for ${seconds} s.`);
      },
      confirm,
      onState: () => {
        if (current === made) options.onState?.();
      },
      onContextLost: () => {
        // Not within the event, which others hear too.
        setTimeout(() => current === made && recover(performance.now() - began));
      }
    });
    made.setVisible(false);
    return made;
  }

  function build(): void {
    if (ahead?.isLost) forgetAhead();
    const made = ahead ?? make();
    ahead = null;
    current = made;
    take(made, kept, first);
    made.setVisible(visible);
    if (failedAhead !== null) banner.show(failedAhead);
    failedAhead = null;
    toolbar.attach(made.viewer);
    chooser?.attach(made.viewer, spaceShapeOf(opened.volumes[0].image));
    made.viewer.mouseState.changed.add(() => options.onPick?.());
  }

  function forgetAhead(): void {
    ahead?.dispose();
    ahead = failedAhead = null;
  }

  /** Shows `wanted`, or `instead` where Neuroglancer cannot take it. Answers with what was wrong, or null. */
  function take(viewer: Neuroglancer, wanted: ViewerState, instead: ViewerState): string | null {
    try {
      viewer.setState(wanted);
      return null;
    } catch (error) {
      viewer.setState(instead);
      const wrong = `The view that was asked for cannot be shown, and is not: ${(error as Error).message}`;
      banner.tell(wrong);
      return wrong;
    }
  }

  function setState(state: ViewerState): string | null {
    kept = complete(state);
    return current && take(current, kept, current.getState());
  }

  function drop(state = present()): void {
    kept = state;
    toolbar.attach(null);
    chooser?.attach(null);
    current?.dispose();
    current = null;
  }

  /** Makes Neuroglancer anew: with it, all that it has read and all that it could not read is forgotten. */
  function rebuild(state?: ViewerState): void {
    if (disposed) return;
    drop(state);
    banner.hide();
    try {
      build();
    } catch (error) {
      banner.show((error as Error).message);
    }
  }

  /** Confirms a read: throws unless the volume that it is of is still the one that is shown. */
  async function confirm(url: string, missing: boolean): Promise<void> {
    const file = belongs(opened, url);
    if (!file) return;
    const { name, url: address, image } = file.volume;
    const watch = opened.watches.get(address)!;
    const finding = await (missing ? watch.look() : watch.fetched());
    if (finding instanceof Error) {
      // A chunk that came is a chunk, even if the look failed.
      if (missing) throw finding;
    } else if (finding !== 'same') {
      throw new Error(`The volume ${finding === 'gone' ? 'is no longer there' : 'has been written anew'}.`);
    } else if (missing && image.own && CHUNK.test(file.key)) {
      banner.tell(
        `${name}: the file ${file.key} is not there, and is shown as empty. All were written: it has been lost, and others may be. Verify the OME-Zarr.`
      );
    }
  }

  function onFinding(name: string, finding: Finding): void {
    if (disposed || stale !== null || finding === 'same' || finding instanceof Error) return;
    stale = { finding, name };
    // A volume that is written again and again is not shown each time.
    const rest = finding === 'changed' ? reopened + RELOAD_REST - performance.now() : 0;
    if (rest > 0) banner.show(`${name} is being written again and again: it will be read anew in some seconds.`);
    again = setTimeout(reopen, Math.max(0, rest));
  }

  /** Shows the volumes that are there now in place of the earlier ones. One that is gone is reported and looked for. */
  function reopen(): void {
    clearTimeout(again);
    if (reopening) return;
    reopening = true;
    void inTurn(openAgain).finally(() => (reopening = false));
  }

  async function openAgain(): Promise<void> {
    // Meanwhile another one may be shown in its place.
    if (disposed || stale === null) return;
    const { name, finding } = stale;
    try {
      if (finding === 'gone' && (await look()).every(each => each === 'same')) {
        // It is back.
        stale = null;
        return rebuild();
      }
      const next = await openMore(places);
      const before = opened;
      stale = null;
      reopened = performance.now();
      replace(next);
      tellNotes([news(name, before, next)]);
    } catch (error) {
      const found = await look();
      if (disposed) return;
      let lost = found.indexOf('gone');
      // One that was gone while it could still be looked for.
      if (lost < 0 && finding === 'gone')
        lost = opened.volumes.findIndex((volume, n) => volume.name === name && found[n] instanceof Error);
      if (lost >= 0) sayGone(lost);
      else
        banner.show(
          `${name} has been written anew since it was opened, and cannot be read. ${(error as Error).message}`
        );
      if (visible) again = setTimeout(reopen, GONE_REST);
    }
  }

  /** Labels are where their image is. */
  function sayGone(number: number): void {
    const { find, whereTo } = options;
    const what = `${opened.volumes[number].name} is no longer there: it has been renamed, moved or removed. What is missing in the picture is not empty.`;
    if (number >= places.length) banner.show(what);
    else if (!find) banner.show(whereTo === undefined ? what : `${what} ${whereTo}`);
    else
      banner.show(`${what} Show where it is now, and the view goes on there, with all that was drawn in it.`, {
        label: 'Find it…',
        onClick: () => find(number)
      });
  }

  /** Shows volumes in the place of those that were, with what is kept of the view. */
  function replace(next: Opened, carry: typeof carriedOver = carriedOver): void {
    const state = carry(present(), opened.volumes, next.volumes, firstLook(next));
    show(next);
    rebuild(state);
  }

  function show(next: Opened): void {
    opened.release();
    // Volumes that are no longer shown report nothing.
    for (const watch of opened.watches.values()) watch.dispose();
    opened = next;
    first = firstLook(next);
    addresses = addressesOf(next);
  }

  /** Changes what is shown after the changes that are under way: each one opens all the places that are there then. */
  function inTurn(change: () => Promise<void>): Promise<void> {
    const done = changing.then(change);
    changing = done.catch(() => undefined);
    return done;
  }

  /** Opens places for a change. @throws Error where the viewer is closed, or is being closed meanwhile */
  async function openMore(wanted: Place[]): Promise<Opened> {
    const next = disposed ? null : await openPlaces(wanted, onFinding);
    if (next && !disposed) return next;
    next?.release();
    throw new Error('The viewer has been closed.');
  }

  /**
   * Opens `wanted` places, which are made of those that stay and of new ones for sources; the new ones are given up
   * where that or the change fails.
   */
  async function openWith(
    sources: readonly ViewerSource[],
    stay: readonly Place[],
    wanted: (fresh: Place[]) => Place[],
    change: (next: Opened, fresh: Place[]) => void
  ): Promise<void> {
    const fresh: Place[] = [];
    for (const source of sources) fresh.push(placeOf(source, [...stay, ...fresh]));
    try {
      change(await openMore(wanted(fresh)), fresh);
    } catch (error) {
      fresh.forEach(place => place.dispose());
      throw error;
    }
  }

  /** The same for sources that take the places of numbers. */
  function openAt(
    sources: ReadonlyMap<number, ViewerSource>,
    change: (next: Opened, before: Place[]) => void
  ): Promise<void> {
    const numbers = [...sources.keys()];
    return openWith(
      [...sources.values()],
      places.filter((_, n) => !sources.has(n)),
      fresh => places.map((place, n) => fresh[numbers.indexOf(n)] ?? place),
      (next, fresh) => {
        const before = [...places];
        numbers.forEach((n, k) => (places[n] = fresh[k]));
        stale = null;
        change(next, before);
        numbers.forEach(n => before[n].dispose());
      }
    );
  }

  const add = (source: ViewerSource): Promise<void> =>
    openWith(
      [source],
      places,
      fresh => [...places, ...fresh],
      (next, fresh) => {
        const known = new Set(opened.lent);
        places.push(...fresh);
        replace(next);
        tellNotes([...next.volumes[places.length - 1].image.notes, ...next.lent.filter(note => !known.has(note))]);
      }
    );

  const exchange = (number: number, source: ViewerSource, note: string): Promise<void> =>
    openAt(new Map([[number, source]]), next => {
      replace(next, (...volumes) => handedOn(number, ...volumes));
      tellNotes([note]);
    });

  const rename = (moved: ReadonlyMap<number, ViewerSource>): Promise<void> =>
    openAt(moved, (next, before) => {
      const names = new Map([...moved.keys()].map(n => [before[n].name, places[n].name]));
      const state = renamed(addresses.keep(present()), names);
      show(next);
      rebuild(addresses.restore(state));
    });

  /** A look at each volume, in their order. */
  const look = (): Promise<Finding[]> => Promise.all(opened.volumes.map(({ url }) => opened.watches.get(url)!.look()));

  /** After an error, or on request: reads everything again, of the volumes that are there then. */
  function refresh(): void {
    if (stale === null) rebuild();
    check();
  }

  function check(): void {
    if (stale !== null) reopen();
    else void look();
  }

  /** Tells what there is to say of volumes that were opened, in one note. */
  function tellNotes(notes: string[]): void {
    const [dim] = opened.dim;
    const all = [...notes];
    if (dim !== undefined)
      all.push(
        `The metadata has no contrast, and none could be chosen: press Auto when there is a picture, or set it under Contrast. ${dim}`
      );
    if (opened.unshown.length > 0) all.push(`Labels that are not in the list: ${opened.unshown.join(' ')}`);
    if (all.length > 0) banner.tell(all.join(' '));
    const [unread] = opened.unread;
    if (unread !== undefined) {
      banner.show(`The labels could not be read and are not in the list: close this and open it again. ${unread}`);
    }
  }

  /**
   * The context is gone after `lived` milliseconds. One that is not seen waits, lest viewers take contexts from each
   * other in turns.
   */
  function recover(lived: number): void {
    drop();
    if (lived < SHORT_LIFE) {
      banner.show(
        'The browser has taken the graphics of this viewer away (WebGL context lost): close other viewers, then retry.'
      );
    } else if (visible) {
      rebuild();
    }
  }

  function dispose(): void {
    disposed = true;
    clearTimeout(again);
    window.removeEventListener('focus', onFocus);
    for (const watch of opened.watches.values()) watch.dispose();
    drop();
    toolbar.dispose();
    chooser?.dispose();
    opened.release();
    banner.dispose();
    middle.parentElement?.remove();
    host.classList.remove('mct-Viewer-host');
    forget();
  }

  const onFocus = (): void => {
    if (visible) check();
  };
  window.addEventListener('focus', onFocus);
  try {
    build();
  } catch (error) {
    dispose();
    throw error;
  }
  tellNotes([...opened.volumes.flatMap(({ image }) => image.notes), ...opened.lent]);
  return {
    getState: () => addresses.keep(present()),
    setState: state => void setState(state),
    setVisible: value => {
      const isNew = value && !visible;
      visible = value;
      if (isNew) check();
      current?.setVisible(value);
      if (value && !current && !banner.isShown) rebuild();
    },
    reload: refresh,
    check,
    add: source => inTurn(() => add(source)),
    exchange: (number, source, note) => inTurn(() => exchange(number, source, note)),
    rename: moved => inTurn(() => rename(moved)),
    get names() {
      return places.map(({ name }) => name);
    },
    get pose() {
      return current && poseOf(current.viewer);
    },
    set pose(pose) {
      if (current && pose) lookAt(current.viewer, pose);
    },
    get sight() {
      const [{ image }] = opened.volumes;
      const layers = toolbar.measurementLayers;
      return current && layers && new Sight(current.viewer, image, spaceOf(image), layers);
    },
    snapshot: () => current && snapshotOf(current.viewer),
    get isWhole() {
      return current !== null && isWhole(current.viewer);
    },
    camera: size =>
      new Camera(size, { width: stage.clientWidth, height: stage.clientHeight - BARS }, (element, onFailure) => {
        const label = 'A picture that is being taken';
        const nothing = (): void => undefined;
        const events = { onFailure, confirm, onWaiting: nothing, onState: nothing, onContextLost: nothing };
        return new Neuroglancer(element, { label, inPage: false, isPlain: true, isBare: true }, events);
      }),
    complete: state => laidOver(present(), addresses.restore(state)),
    get looks() {
      return opened.volumes.slice(0, places.length).map(volume => current && lookOf(current.viewer, volume));
    },
    setLook(number, look) {
      const volume = number < places.length ? opened.volumes[number] : undefined;
      if (current && volume) setLook(current.viewer, volume, look);
    },
    align(number, alignment) {
      const [fixed] = opened.volumes;
      const moving = number < places.length ? opened.volumes[number] : undefined;
      const { landmarks } = toolbar;
      if (landmarks && moving) takeAlignment(landmarks, { moving, fixed }, alignment);
    },
    toolbar,
    dispose
  };
}

/** Panels of a first look: a volume of one slice has nothing to show in the others. */
const layoutOf = (image: Image, isSmall: boolean): string =>
  spaceShapeOf(image)[0] === 1 ? 'xy' : isSmall ? 'xy-3d' : '4panel-alt';

/** Lengths along Z, Y and X; 1 for a missing axis. */
const spaceShapeOf = ({ axes }: Image) =>
  ['z', 'y', 'x'].map(name => axes.find(axis => axis.name === name)?.length ?? 1) as [number, number, number];

/** Key of the volume that a layer shows; for a layer that a person has added, the layer's name. */
function volumeOf(volumes: Volume[], name: string): string {
  const volume = volumes.find(each => layersOf(each).some(layer => layer.name === name));
  return volume === undefined || volume.url.startsWith('reader:') ? (volume?.name ?? name) : volume.url;
}

/** Message about a volume that took another's place. */
function news(name: string, before: Opened, after: Opened): string {
  const [was, is] = [before, after].map(({ volumes }) =>
    volumes
      .find(volume => volume.name === name)
      ?.image.axes.map(({ length }) => length)
      .join(' × ')
  );
  const now = was === is || !was || !is ? '' : ` (${is} voxels, before ${was})`;
  return `${name} has been written anew since it was opened: this is the new one${now}.`;
}
