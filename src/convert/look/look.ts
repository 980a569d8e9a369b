import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isAddress } from '../../model/address.ts';
import { ConvertError, cancelled } from '../../model/errors.ts';
import type { Layout } from '../../model/layout.ts';
import { LOOK_OPTIONS, type LookOptions } from '../../model/options.ts';
import { sourceName } from '../../model/source-layout.ts';
import { type Dtype, type Shape, type VolumeInfo, axesOf } from '../../model/volume.ts';
import { map3 } from '../../model/levels.ts';
import { absolute, onDisk } from '../../reader/common/file-name.ts';
import { readFailure } from '../../reader/common/fail.ts';
import { remoteState } from '../../reader/common/remote-headers.ts';
import { remoteStateOf, stateOf } from '../../model/file-state.ts';
import { openVolume, readerBytes } from '../../reader/index.ts';
import { describedAs, readingOf } from '../resolve.ts';
import { type DocumentTexts, levelPath, lookDocuments, lookDtype } from './documents.ts';
import { type LookGrid, lookGrid } from './grid.ts';
import type { LookChunk } from './sample.ts';
import { LookThreads } from './threads.ts';

/** A file of the OME-Zarr that a source would be. */
export interface LookFile {
  bytes: Uint8Array<ArrayBuffer>;
  /** Another one when the source is another. */
  version: string;
}

/** Sources that are kept open, and bytes of chunks that are kept. */
const MOST_SOURCES = 16;
const CHUNK_BYTES = 128 << 20;
/** Files that are looked at together. */
const AT_ONCE = 16;
/** Milliseconds for which many files are taken to be unchanged, while their folders are. */
const HOLDS = 5000;

/** Mark that tells a file from another, and from itself after a change. */
type State = string;

interface Opened {
  id: number;
  info: VolumeInfo;
  layout: Layout;
  grid: LookGrid;
  documents: DocumentTexts;
  version: string;
  states: State[];
  folders: Map<string, State>;
  checked: number;
  /** Whether another took its place, of whose chunks none must be shown as its. */
  isStale: boolean;
}

interface PendingChunk {
  bytes: Promise<Uint8Array<ArrayBuffer> | null>;
  wanted: Int32Array;
}

/**
 * Sources as OME-Zarrs of which nothing is on a disk: the metadata is made when a source is opened, chunks when they
 * are asked for, by threads of their own. All who look share what is open, decoded and made.
 */
export class Looks {
  readonly #opened = new Map<string, Promise<Opened>>();
  readonly #threads: LookThreads;
  /** Chunks by source and key, the least recently used first. */
  readonly #chunks = new Map<string, Uint8Array<ArrayBuffer>>();
  #chunkBytes = 0;
  readonly #pending = new Map<string, PendingChunk>();
  #count = 0;

  /** Whether voxels keep a type that Neuroglancer cannot show. */
  readonly #exact: boolean;

  /** `isBusy`: whether conversions run, which must not be slowed down. */
  constructor(isBusy: () => boolean = () => false, { exact = false } = {}) {
    this.#threads = new LookThreads(isBusy);
    this.#exact = exact;
  }

  /** Description of a source. @throws ConvertError as `openVolume` does */
  async describe(source: string | string[], options: LookOptions = {}): Promise<VolumeInfo> {
    return (await this.#current(source, options)).info;
  }

  /**
   * The file of a key such as `zarr.json` or `VERSION/0/c/1/2/3`; null where such an OME-Zarr has none.
   *
   * @throws ConvertError as the reader does; `cancelled`; `truncated` for a chunk of a source that has changed
   */
  async read(
    source: string | string[],
    options: LookOptions,
    key: string,
    signal?: AbortSignal
  ): Promise<LookFile | null> {
    const isDocument = key.endsWith('zarr.json');
    const opened = isDocument ? await this.#current(source, options) : await this.#open(source, options);
    const { version } = opened;
    const text = opened.documents.get(key);
    if (text !== undefined) return { bytes: new TextEncoder().encode(text), version };
    const name = sourceName(source);
    const place = chunkOf(opened, key, lookDtype(opened.layout.dtype, this.#exact));
    if (place === 'other') throw changed(name);
    if (place === null) return null;
    const bytes = await this.#chunk(opened, key, place, signal);
    // The bytes are of the source that is shown if its files have not been touched up to now.
    const planes = Array.from(
      { length: place.shape[0] },
      (_, z) => place.plane + (place.start[0] + z) * place.factor[0]
    );
    const files = [...new Set(planes.map(plane => opened.layout.pageFile[plane]))];
    const states = await statesOf(files.map(file => opened.layout.files[file]));
    if (opened.isStale || files.some((file, n) => states[n] !== opened.states[file])) {
      opened.isStale = true;
      throw changed(name);
    }
    return { bytes, version };
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await this.#threads.close();
  }

  /** The source as it was opened last. */
  #open(source: string | string[], options: LookOptions): Promise<Opened> {
    const key = keyOf(source, options);
    const before = this.#opened.get(key);
    const opened = before ?? this.#openAnew(source, options);
    if (before) this.#opened.delete(key);
    else opened.catch(() => this.#drop(key, opened));
    this.#opened.set(key, opened);
    if (this.#opened.size > MOST_SOURCES) {
      const [[oldest, unused]] = this.#opened;
      this.#opened.delete(oldest);
      void unused.then(each => this.#forget(each)).catch(() => undefined);
    }
    return opened;
  }

  /** The same, as it is now. */
  async #current(source: string | string[], options: LookOptions): Promise<Opened> {
    const opening = this.#open(source, options);
    const opened = await opening;
    if (await isUnchanged(opened)) return opened;
    this.#drop(keyOf(source, options), opening);
    opened.isStale = true;
    this.#forget(opened);
    return this.#open(source, options);
  }

  /** Opens it anew the next time, unless somebody has done so. */
  #drop(key: string, opening: Promise<Opened>): void {
    if (this.#opened.get(key) === opening) this.#opened.delete(key);
  }

  async #openAnew(source: string | string[], options: LookOptions): Promise<Opened> {
    const path = typeof source === 'string' ? absolute(source) : source.map(absolute);
    this.#threads.warm();
    // All that there is to see, where nothing is chosen.
    const { info: found, layout } = await openVolume(path, readingOf({ channel: 'all', ...options }, source));
    const info = describedAs(found, options, source);
    const states = await statesOf(layout.files);
    const folders = new Map<string, State>();
    if (layout.files.length > 1)
      for (const folder of new Set(layout.files.map(file => dirname(file)))) folders.set(folder, await stateAt(folder));
    const version = createHash('sha256')
      .update(states.join('\n'))
      .update(layout.files.join('\n'))
      .digest('hex')
      .slice(0, 16);
    const grid = lookGrid(layout, info.voxelSize);
    const id = this.#count++;
    this.#threads.open(id, layout, readerBytes(layout));
    const documents = lookDocuments(info, layout, grid, version, this.#exact);
    return { id, info, layout, grid, documents, version, states, folders, checked: Date.now(), isStale: false };
  }

  #forget(opened: Opened): void {
    this.#threads.forget(opened.id);
    for (const [key, bytes] of this.#chunks)
      if (key.startsWith(`${opened.id}/`)) {
        this.#chunks.delete(key);
        this.#chunkBytes -= bytes.length;
      }
  }

  async #chunk(opened: Opened, key: string, chunk: LookChunk, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    if (signal?.aborted) throw cancelled();
    const name = `${opened.id}/${key}`;
    const kept = this.#chunks.get(name);
    if (kept) {
      this.#chunks.delete(name);
      this.#chunks.set(name, kept);
      return kept;
    }
    // Who asks for what another has asked for waits with them.
    let pending = this.#pending.get(name);
    if (!pending || Atomics.load(pending.wanted, 0) === 0) {
      pending = this.#make(opened, name, chunk);
      this.#pending.set(name, pending);
    }
    const { wanted } = pending;
    Atomics.add(wanted, 0, 1);
    const leave = () => void Atomics.sub(wanted, 0, 1);
    signal?.addEventListener('abort', leave, { once: true });
    const bytes = await pending.bytes;
    signal?.removeEventListener('abort', leave);
    if (signal?.aborted) throw cancelled();
    if (bytes === null) throw new ConvertError('internal', `${key}: its source was closed meanwhile: ask for it again`);
    return bytes;
  }

  #make(opened: Opened, name: string, chunk: LookChunk): PendingChunk {
    const shared = new SharedArrayBuffer(4);
    const pending: PendingChunk = {
      wanted: new Int32Array(shared),
      bytes: this.#threads.make(opened.id, chunk, shared).finally(() => {
        if (this.#pending.get(name) === pending) this.#pending.delete(name);
      })
    };
    pending.bytes.then(
      bytes => bytes && !opened.isStale && this.#keep(name, bytes),
      () => undefined
    );
    return pending;
  }

  #keep(name: string, bytes: Uint8Array<ArrayBuffer>): void {
    // Who asks again for what nobody waited for any more has it made twice.
    this.#chunkBytes += bytes.length - (this.#chunks.get(name)?.length ?? 0);
    this.#chunks.set(name, bytes);
    for (const [oldest, { length }] of this.#chunks) {
      if (this.#chunkBytes <= CHUNK_BYTES) break;
      this.#chunks.delete(oldest);
      this.#chunkBytes -= length;
    }
  }
}

/** What tells one way of looking at a source from others. */
const keyOf = (source: string | string[], options: LookOptions): string =>
  JSON.stringify([source, LOOK_OPTIONS.map(name => options[name] ?? null)]);

const changed = (name: string): ConvertError =>
  new ConvertError('truncated', `${name}: it has been written to since it was opened: look at it anew`, 'source');

/** The chunk that a key names; null: none; `other`: one of another version of the source. */
function chunkOf({ layout, grid, version }: Opened, key: string, dtype: Dtype): LookChunk | 'other' | null {
  const found = /^([0-9a-f]{16})\/(\d+)\/c\/(\d+(?:\/\d+)*)$/.exec(key);
  if (!found) return null;
  if (found[1] !== version) return 'other';
  const level = grid.levels[Number(found[2])];
  const cell = found[3].split('/').map(Number);
  if (!level || `${levelPath(version, Number(found[2]))}/c/${cell.join('/')}` !== key) return null;
  const { outerShape } = layout;
  if (cell.length !== axesOf(outerShape).length) return null;
  const { shape, chunk, factor } = level;
  const start = map3(cell.slice(-3) as Shape, (n, axis) => n * chunk[axis]);
  const outer = cell.slice(0, -3);
  const t = outerShape.t > 1 ? outer.shift()! : 0;
  const c = outerShape.c > 1 ? outer.shift()! : 0;
  if (t >= outerShape.t || c >= outerShape.c || start.some((from, axis) => from >= shape[axis])) return null;
  const plane = (t * outerShape.c + c) * layout.shape[0];
  return {
    plane,
    start,
    shape: map3(chunk, (n, axis) => Math.min(n, shape[axis] - start[axis])),
    chunk,
    factor,
    dtype
  };
}

async function stateAt(path: string): Promise<State> {
  if (isAddress(path)) return remoteStateOf(await remoteState(path));
  try {
    return stateOf(await stat(onDisk(path), { bigint: true }));
  } catch (error) {
    throw readFailure(error, path);
  }
}

async function statesOf(paths: string[]): Promise<State[]> {
  const states: State[] = [];
  for (let from = 0; from < paths.length; from += AT_ONCE)
    states.push(...(await Promise.all(paths.slice(from, from + AT_ONCE).map(stateAt))));
  return states;
}

/** Whether a source is still what it was when it was opened. @throws ConvertError where it is gone */
async function isUnchanged(opened: Opened): Promise<boolean> {
  if (opened.isStale) return false;
  const { layout, states, folders } = opened;
  for (const [folder, state] of folders) if ((await stateAt(folder)) !== state) return false;
  if (folders.size > 0 && Date.now() - opened.checked < HOLDS) return true;
  const now = await statesOf(layout.files);
  opened.checked = Date.now();
  return now.every((state, n) => state === states[n]);
}
