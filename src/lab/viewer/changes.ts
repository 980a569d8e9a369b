import type { Source } from '../../protocol/index.ts';
import type { ViewerHandle } from '../../viewer/index.ts';
import type { IHelper } from '../helper.ts';
import type { FoundSource } from './source.ts';
import { baseName, findSource, findSources, freeName, lookedAt } from './source.ts';
import { type Volume, type Volumes, volumeOf } from './volumes.ts';

/** What changes of the volumes in a picture that is shown: one change after the other. */
export class Changes {
  readonly #volumes: Volumes;
  readonly #helper: IHelper;
  readonly #handle: () => ViewerHandle | null;
  #last = Promise.resolve();

  /** `handle`: the picture; null while there is none. */
  constructor(volumes: Volumes, helper: IHelper, handle: () => ViewerHandle | null) {
    this.#volumes = volumes;
    this.#helper = helper;
    this.#handle = handle;
  }

  /** How the viewer gets at all volumes, to begin with. */
  async findSources(): Promise<FoundSource[]> {
    const { isStack, name, all, paths, reading } = this.#volumes;
    if (isStack) return [{ ...(await this.#findSource(all[0].source)), name }];
    return findSources(paths, this.#helper, reading);
  }

  /**
   * Shows another volume over those that are there.
   *
   * @param asLabels - whether as segments, whatever its metadata says
   * @throws Error where it cannot be shown, or is shown already
   */
  async add(path: string, asLabels: boolean): Promise<void> {
    await this.#inTurn(async () => {
      const handle = this.#handle();
      if (!handle) throw new Error(`${this.#volumes.name} is not open: try again when its picture is there.`);
      if (this.#volumes.paths.includes(path)) throw new Error(`${baseName(path)} is shown here already.`);
      const volume = volumeOf(path, asLabels);
      await this.#volumes.take(volume, async () => {
        const found = await this.#findSource(path);
        volume.isSampled = found.sampled ?? false;
        await handle.add({ ...found, name: freeName(path, handle.names), asLabels });
      });
    });
    // It may have been moved meanwhile.
    this.follow();
  }

  /**
   * Shows, in the place of a source, the output that was made of it.
   *
   * @param isRegion - whether it has only a part of the source
   * @throws Error where it cannot be shown; what is shown stays as it was
   */
  async exchange(volume: Volume, output: string, isRegion: boolean): Promise<void> {
    const { asLabels } = volume;
    const show = async (): Promise<void> => {
      const found = await findSource(output, this.#helper);
      const number = this.#volumes.all.indexOf(volume);
      const handle = this.#handle();
      if (number < 0 || !handle) throw new Error('Its source is shown no more.');
      const before = handle.names[number];
      const others = handle.names.filter((_, n) => n !== number);
      const name = freeName(output, others);
      await handle.exchange(
        number,
        { ...found, name, asLabels },
        `${baseName(output)} is written whole, and shown now in the place of ${before}.${isRegion ? ' It has only the region that was chosen for the conversion.' : ''}`
      );
    };
    await this.#inTurn(() => this.#volumes.take(volumeOf(output, asLabels), show, volume));
    if (!this.#volumes.isSampled) this.#volumes.reading = undefined;
    this.follow();
  }

  /** Goes on with volumes that are at other paths now, or have other names beside others that are. */
  follow(): void {
    // Of a volume that cannot be opened where it is now, the viewer says that it is gone.
    void this.#inTurn(() => this.#followMoved()).catch(error =>
      console.warn(`${this.#volumes.paths.join(', ')}: could not be shown after it was renamed`, error)
    );
  }

  async #followMoved(): Promise<void> {
    const handle = this.#handle();
    const moved = handle ? this.#volumes.moved(handle.names) : [];
    if (!handle || moved.length === 0) return;
    const found = await Promise.all(moved.map(({ source }) => this.#findSource(source)));
    await handle.rename(
      new Map(moved.map(({ number, volume: { asLabels }, name }, k) => [number, { ...found[k], name, asLabels }]))
    );
    for (const { volume, source } of moved) volume.pictured = source;
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => undefined);
    return done;
  }

  #findSource(source: Source): Promise<FoundSource> {
    const { reading } = this.#volumes;
    return typeof source === 'string'
      ? findSource(source, this.#helper, reading)
      : Promise.resolve(lookedAt(source, this.#helper, reading ?? {}));
  }
}
