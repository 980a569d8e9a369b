import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import { Camera, isWhole, snapshotOf } from './camera.ts';
import { chooseImage } from './chooseImage.ts';
import { Banner } from './elements/banner.ts';
import { element } from './elements/dom.ts';
import { Following } from './following.ts';
import { lookOf, setLook } from './layers/layerLook.ts';
import { take as takeAlignment } from './measuring/alignments.ts';
import { spaceOf } from './measuring/space.ts';
import { Neuroglancer } from './neuroglancer.ts';
import type { Opened, Place } from './opened.ts';
import { openPlaces, placeOf, segmentsAt } from './opened.ts';
import { lookAt, poseOf } from './pose.ts';
import { RecoverableNeuroglancer } from './recoverableNeuroglancer.ts';
import { ShownVolumes } from './shownVolumes.ts';
import { Sight } from './sight.ts';
import { firstLook, layoutOf, spaceShapeOf } from './state/firstLook.ts';
import { withFresh } from './state/freshLayers.ts';
import { Toolbar } from './toolbar.ts';
import { unlessAborted } from './transport/unlessAborted.ts';
import type { Finding } from './transport/watch.ts';
import type { ViewerHandle, ViewerOptions } from './viewerHandle.ts';
import { AbsentError, SeveralError } from './volume/image.ts';
import type { Volume } from './volume/volume.ts';
import { startWorker } from './worker/startedWorker.ts';

/** Height of Neuroglancer's bars above its panels, the position and the list of layers, in pixels. */
const BARS = 48;
/** Height of the bars above and below them where something is chosen: place, notes and histogram. */
const CHOOSER_BARS = 190;

/**
 * Shows OME-Zarrs in `host`, which must have a size.
 *
 * @throws Error with what to do when the metadata cannot be read, the voxels cannot be shown, or there is no WebGL 2
 */
export async function createViewer(host: HTMLElement, options: ViewerOptions): Promise<ViewerHandle> {
  const { signal } = options;
  signal?.throwIfAborted();
  const places: Place[] = [];
  for (const source of [options.source].flat()) places.push(placeOf(source, places));
  const forgetWorker = startWorker();
  const names = (): string => places.map(({ name }) => name).join(', ');
  // `following` and `shown`, which are made below, are there before any of these callbacks is called.
  const onFinding = (name: string, finding: Finding): void => following.onFinding(name, finding);
  const confirm = (url: string, missing: boolean): Promise<void> => following.confirm(url, missing);
  const { chooser } = options;
  const stage = element('div', { className: 'mct-Viewer-stage' });
  const middle = element('div', { className: 'mct-Viewer-middle' }, stage);
  // Above the picture, of which it hides nothing.
  const banner = new Banner(middle, refresh);
  const neuroglancer = new RecoverableNeuroglancer(
    stage,
    () => ({
      label: `Neuroglancer: ${names()}`,
      inPage: options.place === 'notebook',
      isPlain: chooser !== undefined
    }),
    { onFailure, onWaiting, confirm, onState: () => options.onState?.(), onViewer },
    banner
  );
  const opening = openChosen(host, places, options, onFinding, () => neuroglancer.forgetAhead());
  /** Nobody waits for it any more. */
  const tooLate = (): void => {
    places.forEach(place => place.dispose());
    void opening.then(
      ({ release }) => release(),
      () => undefined
    );
  };
  try {
    neuroglancer.makeAhead();
  } catch (error) {
    forgetWorker();
    tooLate();
    throw error;
  }
  const opened = await unlessAborted(opening, signal).catch((error: unknown) => {
    neuroglancer.forgetAhead();
    tooLate();
    if (error instanceof AbsentError && options.whereTo !== undefined) error.message += ` ${options.whereTo}`;
    throw error;
  });
  neuroglancer.prepareDecoding(opened.volumes.flatMap(({ image }) => image.compression));
  const layout = options.state?.layout ?? layoutOf(opened.volumes[0].image, options.place === 'notebook');
  host.classList.add('mct-Viewer-host');
  const toolbar = new Toolbar({
    tell: (text, isPassing) => banner.tell(text, isPassing),
    volumes: () => shown.opened.volumes,
    segmentsOf: address => segmentsAt(shown.opened, address),
    volumeOf: layer => shown.keyOf(layer),
    space: () => ({ space: spaceOf(shown.given[0].image), name: shown.given[0].name }),
    state: () => shown.state,
    setState: state => neuroglancer.setState(shown.complete(state)),
    link: options.link,
    savePicture: options.savePicture
  });
  // Before the first look, which has the room that is left.
  host.append(chooser?.head ?? toolbar.node, element('div', { className: 'mct-Viewer-body' }, middle, toolbar.side));
  const shown = new ShownVolumes(places, opened, neuroglancer, banner, {
    firstLook: volumes =>
      firstLook(volumes, layout, {
        width: stage.clientWidth,
        height: stage.clientHeight - (chooser ? CHOOSER_BARS : BARS)
      }),
    server: options.server,
    onFinding,
    onExchange: () => following.forgetFinding()
  });
  const following = new Following(shown, neuroglancer, banner, options);

  function onFailure(message: string): void {
    // Of a volume that is gone, nothing else is to be said.
    if (following.isStale) return;
    banner.show(`Some of the volume could not be read; what is missing in the picture is not empty. ${message}`);
    // It may be another one by now.
    following.check();
  }

  function onWaiting(seconds: number | null): void {
    banner.wait(seconds === null ? null : `Waiting for ${names()}: the server has not answered for ${seconds} s.`);
  }

  function onViewer(viewer: Viewer | null): void {
    toolbar.attach(viewer);
    chooser?.attach(viewer, spaceShapeOf(shown.given[0].image));
    viewer?.mouseState.changed.add(() => options.onPick?.());
  }

  /** After an error, or on request: reads everything again, of the volumes that are there then. */
  function refresh(): void {
    if (!following.isStale) neuroglancer.rebuild();
    following.check();
  }

  function dispose(): void {
    window.removeEventListener('focus', onFocus);
    following.dispose();
    neuroglancer.dispose();
    toolbar.dispose();
    chooser?.dispose();
    shown.dispose();
    banner.dispose();
    middle.parentElement?.remove();
    host.classList.remove('mct-Viewer-host');
  }

  const onFocus = (): void => {
    if (neuroglancer.isVisible) following.check();
  };
  window.addEventListener('focus', onFocus);
  try {
    const state = shown.complete(options.state ?? {});
    neuroglancer.begin(withFresh(state, shown.withLabels(options.fresh ?? []), shown.first), shown.first);
  } catch (error) {
    dispose();
    throw error;
  }
  shown.tellNotes([...opened.volumes.flatMap(({ image }) => image.notes), ...opened.lent]);
  return {
    getState: () => shown.state,
    setState: state => void neuroglancer.setState(shown.complete(state)),
    setVisible: value => {
      const isNew = value && !neuroglancer.isVisible;
      neuroglancer.isVisible = value;
      if (isNew) following.check();
    },
    reload: refresh,
    check: () => following.check(),
    add: source => shown.add(source),
    exchange: (number, source, note) => shown.exchange(number, source, note),
    rename: moved => shown.rename(moved),
    get names() {
      return places.map(({ name }) => name);
    },
    get pose() {
      return neuroglancer.current && poseOf(neuroglancer.current.viewer);
    },
    set pose(pose) {
      if (neuroglancer.current && pose) lookAt(neuroglancer.current.viewer, pose);
    },
    get sight() {
      const [{ image }] = shown.given;
      const layers = toolbar.measurementLayers;
      return neuroglancer.current && layers && new Sight(neuroglancer.current.viewer, image, spaceOf(image), layers);
    },
    snapshot: () => neuroglancer.current && snapshotOf(neuroglancer.current.viewer),
    get isWhole() {
      return neuroglancer.current !== null && isWhole(neuroglancer.current.viewer);
    },
    camera: size =>
      new Camera(size, { width: stage.clientWidth, height: stage.clientHeight - BARS }, (element, onFailure) => {
        const label = 'A picture that is being taken';
        const nothing = (): void => undefined;
        const events = { onFailure, confirm, onWaiting: nothing, onState: nothing, onContextLost: nothing };
        return new Neuroglancer(element, { label, inPage: false, isPlain: true, isBare: true }, events);
      }),
    complete: state => shown.complete(state, neuroglancer.state),
    get looks() {
      return shown.given.map(volume => neuroglancer.current && lookOf(neuroglancer.current.viewer, volume));
    },
    setLook(number, look) {
      const volume: Volume | undefined = shown.given[number];
      if (neuroglancer.current && volume) setLook(neuroglancer.current.viewer, volume, look);
    },
    align(number, alignment) {
      const [fixed] = shown.given;
      const moving: Volume | undefined = shown.given[number];
      const { landmarks } = toolbar;
      if (landmarks && moving) takeAlignment(landmarks, { moving, fixed }, alignment);
    },
    toolbar,
    dispose
  };
}

/** Opens places; of one that holds several images, that which a person chooses in `host`. */
async function openChosen(
  host: HTMLElement,
  places: Place[],
  options: ViewerOptions,
  onFinding: (name: string, finding: Finding) => void,
  onChoice: () => void
): Promise<Opened> {
  const { imageIn, signal } = options;
  for (;;) {
    const textContent = `Opening ${places.map(({ name }) => name).join(', ')}…`;
    const note = element('div', { className: 'mct-Viewer-note', textContent });
    note.setAttribute('role', 'status');
    host.append(note);
    signal?.addEventListener('abort', () => note.remove(), { once: true });
    try {
      return await openPlaces(places, onFinding, signal).finally(() => note.remove());
    } catch (error) {
      if (signal?.aborted || !(error instanceof SeveralError) || error.paths.length === 0 || !imageIn) throw error;
      const place = places[error.place];
      onChoice();
      options.onChoice?.();
      const path = await chooseImage(host, error, async key => (await place.reader(key, {}))?.bytes ?? null);
      places[error.place] = placeOf(await imageIn(error.place, path), places);
      place.dispose();
    }
  }
}
