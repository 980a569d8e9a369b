import type { Banner } from './elements/banner.ts';
import { type Opened, belongs } from './opened.ts';
import type { RecoverableNeuroglancer } from './recoverableNeuroglancer.ts';
import type { ShownVolumes } from './shownVolumes.ts';
import type { Finding } from './transport/watch.ts';
import type { ViewerOptions } from './viewerHandle.ts';

/** Path of a chunk's or shard's file. */
const CHUNK = /\/\d+\/\d+\/\d+$/;

/** Milliseconds between two automatic reloads, and until the next look for a volume that is gone. */
const RELOAD_REST = 10_000;
const GONE_REST = 5000;

/**
 * Follows volumes while they are shown: those that are written anew are read again, those that are gone are reported
 * and looked for.
 */
export class Following {
  readonly #shown: ShownVolumes;
  readonly #neuroglancer: RecoverableNeuroglancer;
  readonly #banner: Banner;
  readonly #options: Pick<ViewerOptions, 'find' | 'whereTo'>;
  /** Set while the volumes that are there now are being opened, or looked for. */
  #stale: { finding: 'changed' | 'gone'; name: string } | null = null;
  #isReopening = false;
  #reopened = -Infinity;
  #again: ReturnType<typeof setTimeout> | undefined;
  #isDisposed = false;

  constructor(
    shown: ShownVolumes,
    neuroglancer: RecoverableNeuroglancer,
    banner: Banner,
    options: Pick<ViewerOptions, 'find' | 'whereTo'>
  ) {
    this.#shown = shown;
    this.#neuroglancer = neuroglancer;
    this.#banner = banner;
    this.#options = options;
  }

  /** Whether one of the volumes is another one by now, or gone. */
  get isStale(): boolean {
    return this.#stale !== null;
  }

  /** Forgets the finding: another volume is shown in the place of the one that it was of. */
  forgetFinding(): void {
    this.#stale = null;
  }

  /** Acts on the finding of a look at a volume. */
  onFinding(name: string, finding: Finding): void {
    if (this.#isDisposed || this.#stale !== null || finding === 'same' || finding instanceof Error) return;
    this.#stale = { finding, name };
    // A volume that is written again and again is not shown each time.
    const rest = finding === 'changed' ? this.#reopened + RELOAD_REST - performance.now() : 0;
    if (rest > 0) this.#banner.show(`${name} is being written again and again: it will be read anew in some seconds.`);
    this.#again = setTimeout(() => this.#reopen(), Math.max(0, rest));
  }

  /** Confirms a read: throws unless the volume that it is of is still the one that is shown. */
  async confirm(url: string, missing: boolean): Promise<void> {
    const { opened } = this.#shown;
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
      this.#banner.tell(
        `${name}: the file ${file.key} is not there, and is shown as empty. All were written: it has been lost, and others may be. Verify the OME-Zarr.`
      );
    }
  }

  /** Looks whether the volumes are still those that are shown, and shows those that are there now. */
  check(): void {
    if (this.#stale !== null) this.#reopen();
    else void this.#shown.look();
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#again);
  }

  /** Shows the volumes that are there now in place of the earlier ones. One that is gone is reported and looked for. */
  #reopen(): void {
    clearTimeout(this.#again);
    if (this.#isReopening) return;
    this.#isReopening = true;
    void this.#shown.inTurn(() => this.#openAgain()).finally(() => (this.#isReopening = false));
  }

  async #openAgain(): Promise<void> {
    // Meanwhile another one may be shown in its place.
    if (this.#isDisposed || this.#stale === null) return;
    const { name, finding } = this.#stale;
    try {
      if (finding === 'gone' && (await this.#shown.look()).every(each => each === 'same')) {
        // It is back.
        this.#stale = null;
        return this.#neuroglancer.rebuild();
      }
      const next = await this.#shown.open();
      const before = this.#shown.opened;
      this.#stale = null;
      this.#reopened = performance.now();
      this.#shown.replace(next);
      this.#shown.tellNotes([rewrittenMessage(name, before, next)]);
    } catch (error) {
      const found = await this.#shown.look();
      if (this.#isDisposed) return;
      let lost = found.indexOf('gone');
      // One that was gone while it could still be looked for.
      if (lost < 0 && finding === 'gone')
        lost = this.#shown.opened.volumes.findIndex((volume, n) => volume.name === name && found[n] instanceof Error);
      if (lost >= 0) this.#sayGone(lost);
      else
        this.#banner.show(
          `${name} has been written anew since it was opened, and cannot be read. ${(error as Error).message}`
        );
      if (this.#neuroglancer.isVisible) this.#again = setTimeout(() => this.#reopen(), GONE_REST);
    }
  }

  /** Labels are where their image is. */
  #sayGone(number: number): void {
    const { find, whereTo } = this.#options;
    const { opened, given } = this.#shown;
    const what = `${opened.volumes[number].name} is no longer there: it has been renamed, moved or removed. What is missing in the picture is not empty.`;
    if (number >= given.length) this.#banner.show(what);
    else if (!find) this.#banner.show(whereTo === undefined ? what : `${what} ${whereTo}`);
    else
      this.#banner.show(`${what} Show where it is now, and the view goes on there, with all that was drawn in it.`, {
        label: 'Find it…',
        onClick: () => find(number)
      });
  }
}

/** Says that a volume was written anew, and how large it is now. */
function rewrittenMessage(name: string, before: Opened, after: Opened): string {
  const [was, is] = [before, after].map(({ volumes }) =>
    volumes
      .find(volume => volume.name === name)
      ?.image.axes.map(({ length }) => length)
      .join(' × ')
  );
  const now = was === is || !was || !is ? '' : ` (${is} voxels, before ${was})`;
  return `${name} has been written anew since it was opened: this is the new one${now}.`;
}
