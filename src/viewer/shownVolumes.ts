import type { Banner } from './elements/banner.ts';
import type { Opened, Place } from './opened.ts';
import { openPlaces, placeOf } from './opened.ts';
import type { RecoverableNeuroglancer } from './recoverableNeuroglancer.ts';
import { Addresses } from './state/addresses.ts';
import { carriedOver, handedOn } from './state/carryOver.ts';
import { layersOf, sourceOf } from './state/layers.ts';
import { renamed } from './state/renamed.ts';
import type { ViewerState } from './state/viewState.ts';
import { laidOver } from './state/viewState.ts';
import type { ViewerSource } from './transport/source.ts';
import type { Finding } from './transport/watch.ts';
import type { Volume } from './volume/volume.ts';

interface Options {
  /** The first look at some volumes. */
  firstLook: (volumes: Volume[]) => ViewerState;
  /** As of `ViewerOptions`. */
  server: string | undefined;
  /** Hears the finding of each look at one of the volumes. */
  onFinding: (name: string, finding: Finding) => void;
  /** Called when others are shown in the places of some. */
  onExchange: () => void;
}

/** The volumes that a viewer shows, from `places`, and how that changes while a view of them goes on. */
export class ShownVolumes {
  readonly #places: Place[];
  readonly #neuroglancer: RecoverableNeuroglancer;
  readonly #banner: Banner;
  readonly #options: Options;
  #opened: Opened;
  #first: ViewerState;
  #addresses: Addresses;
  #changing = Promise.resolve();
  #isDisposed = false;

  constructor(
    places: Place[],
    opened: Opened,
    neuroglancer: RecoverableNeuroglancer,
    banner: Banner,
    options: Options
  ) {
    this.#places = places;
    this.#neuroglancer = neuroglancer;
    this.#banner = banner;
    this.#options = options;
    this.#opened = opened;
    this.#first = options.firstLook(opened.volumes);
    this.#addresses = this.#addressesOf(opened);
  }

  get opened(): Opened {
    return this.#opened;
  }

  /** The first look at them. */
  get first(): ViewerState {
    return this.#first;
  }

  /** Those that were given or added, in this order, without their labels. */
  get given(): Volume[] {
    return this.#opened.volumes.slice(0, this.#places.length);
  }

  /** Volumes of some numbers, with their labels. */
  withLabels(numbers: readonly number[]): Volume[] {
    const { volumes } = this.#opened;
    const urls = numbers.map(n => volumes[n].url);
    // Labels that were given by themselves, and lie in one of these, are known.
    return volumes.filter(({ url }, n) =>
      n < this.#places.length ? numbers.includes(n) : urls.some(each => url.startsWith(each))
    );
  }

  /** Key of the volume that a layer shows; for a layer that a person has added, the layer's name. */
  keyOf(layer: string): string {
    const volume = this.#opened.volumes.find(each => layersOf(each).some(({ name }) => name === layer));
    return volume === undefined || volume.url.startsWith('reader:') ? (volume?.name ?? layer) : volume.url;
  }

  /** The present state, with addresses that hold elsewhere. */
  get state(): ViewerState {
    return this.#addresses.keep(this.#neuroglancer.state);
  }

  /** A state as Neuroglancer takes it here, laid over `base` where it is not whole. */
  complete(state: ViewerState, base = this.#first): ViewerState {
    return laidOver(base, this.#addresses.restore(state));
  }

  /** A look at each volume, in their order. */
  look(): Promise<Finding[]> {
    return Promise.all(this.#opened.volumes.map(({ url }) => this.#opened.watches.get(url)!.look()));
  }

  /** Changes what is shown after the changes that are under way: each one opens all the places that are there then. */
  inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#changing.then(change);
    this.#changing = done.catch(() => undefined);
    return done;
  }

  /** Opens places for a change. @throws Error where the viewer is closed, or is being closed meanwhile */
  async open(places = this.#places): Promise<Opened> {
    const next = this.#isDisposed ? null : await openPlaces(places, this.#options.onFinding);
    if (next && !this.#isDisposed) return next;
    next?.release();
    throw new Error('The viewer has been closed.');
  }

  /** Shows volumes in the place of those that were, with what is kept of the view. */
  replace(next: Opened, carry: typeof carriedOver = carriedOver): void {
    const first = this.#options.firstLook(next.volumes);
    const state = carry(this.#neuroglancer.state, this.#opened.volumes, next.volumes, first);
    this.#set(next, first);
    this.#neuroglancer.rebuild(state, this.#first);
  }

  /** Tells what there is to say of volumes that were opened, in one note. */
  tellNotes(notes: string[]): void {
    const { dim, unshown, unread } = this.#opened;
    const all = [...notes];
    if (dim.length > 0)
      all.push(
        `The metadata has no contrast, and none could be chosen: press Auto when there is a picture, or set it under Contrast. ${dim[0]}`
      );
    if (unshown.length > 0) all.push(`Labels that are not in the list: ${unshown.join(' ')}`);
    if (all.length > 0) this.#banner.tell(all.join(' '));
    if (unread.length > 0)
      this.#banner.show(
        `The labels could not be read and are not in the list: close this and open it again. ${unread[0]}`
      );
  }

  /**
   * Shows another volume over those that are there.
   *
   * @throws Error as `createViewer` does, or where it is closed; what is shown stays as it was
   */
  add(source: ViewerSource): Promise<void> {
    return this.inTurn(() =>
      this.#openWith(
        [source],
        this.#places,
        fresh => [...this.#places, ...fresh],
        (next, fresh) => {
          const known = new Set(this.#opened.lent);
          this.#places.push(...fresh);
          this.replace(next);
          const { notes } = next.volumes[this.#places.length - 1].image;
          this.tellNotes([...notes, ...next.lent.filter(note => !known.has(note))]);
        }
      )
    );
  }

  /**
   * Shows, in the place of the volume of a number, another one that was made of it, and says `note`.
   *
   * @throws Error as `createViewer` does, or where it is closed; what is shown stays as it was
   */
  exchange(number: number, source: ViewerSource, note: string): Promise<void> {
    return this.#openAt(new Map([[number, source]]), next => {
      this.replace(next, (...volumes) => handedOn(number, ...volumes));
      this.tellNotes([note]);
    });
  }

  /**
   * Goes on showing volumes, by their numbers, where they are now, under the names that they have there.
   *
   * @throws Error as `createViewer` does, or where it is closed; what is shown stays as it was
   */
  rename(moved: ReadonlyMap<number, ViewerSource>): Promise<void> {
    return this.#openAt(moved, (next, before) => {
      const names = new Map([...moved.keys()].map(n => [before[n].name, this.#places[n].name]));
      const state = renamed(this.state, names);
      this.#set(next);
      this.#neuroglancer.rebuild(this.#addresses.restore(state), this.#first);
    });
  }

  dispose(): void {
    this.#isDisposed = true;
    for (const watch of this.#opened.watches.values()) watch.dispose();
    this.#opened.release();
    for (const place of this.#places) place.dispose();
  }

  #addressesOf({ volumes }: Opened): Addresses {
    return new Addresses(
      volumes.slice(0, this.#places.length),
      this.#options.server,
      new Map(volumes.flatMap(layersOf).map(({ name, volume }) => [name, sourceOf(volume)]))
    );
  }

  #set(next: Opened, first = this.#options.firstLook(next.volumes)): void {
    this.#opened.release();
    // Volumes that are no longer shown report nothing.
    for (const watch of this.#opened.watches.values()) watch.dispose();
    this.#opened = next;
    this.#first = first;
    this.#addresses = this.#addressesOf(next);
  }

  /**
   * Opens `wanted` places, which are made of those that stay and of new ones for sources; the new ones are given up
   * where that or the change fails.
   */
  async #openWith(
    sources: readonly ViewerSource[],
    stay: readonly Place[],
    wanted: (fresh: Place[]) => Place[],
    change: (next: Opened, fresh: Place[]) => void
  ): Promise<void> {
    const fresh: Place[] = [];
    for (const source of sources) fresh.push(placeOf(source, [...stay, ...fresh]));
    try {
      change(await this.open(wanted(fresh)), fresh);
    } catch (error) {
      fresh.forEach(place => place.dispose());
      throw error;
    }
  }

  /** The same, in turn, for sources that take the places of numbers. */
  #openAt(sources: ReadonlyMap<number, ViewerSource>, change: (next: Opened, before: Place[]) => void): Promise<void> {
    const numbers = [...sources.keys()];
    return this.inTurn(() =>
      this.#openWith(
        [...sources.values()],
        this.#places.filter((_, n) => !sources.has(n)),
        fresh => this.#places.map((place, n) => fresh[numbers.indexOf(n)] ?? place),
        (next, fresh) => {
          const before = [...this.#places];
          numbers.forEach((n, k) => (this.#places[n] = fresh[k]));
          this.#options.onExchange();
          change(next, before);
          numbers.forEach(n => before[n].dispose());
        }
      )
    );
  }
}
