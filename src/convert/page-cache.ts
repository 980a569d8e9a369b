import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Layout } from '../model/layout.ts';
import type { SourceLayout } from '../model/source-layout.ts';
import { type Level, map3, product } from '../model/levels.ts';
import { BYTES_PER_VOXEL, type Shape } from '../model/volume.ts';
import { type Grid, blockExtent, blockStart } from '../pyramid/blocks.ts';
import { onDisk } from '../reader/common/file-name.ts';
import type { Range } from '../reader/common/brought.ts';
import { Stretches } from './stretches.ts';
import { asStored, storedRanges } from '../reader/index.ts';

/** Bytes of the source after which what was read is forgotten: what lies in two blocks has been read by then. */
const STEP = 2 ** 30;

const memory = (): number => {
  const allowed = process.constrainedMemory();
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
};

/**
 * The system's cache of a source that takes more than half of the memory. Such a source would push out all that other
 * programs have there, and once its end is read its beginning is no longer cached; so it is forgotten as it is read.
 * What the system has read ahead, megabytes of it on some disks, stays for the blocks that are to come. Linux only, by
 * the Python that has started this process.
 */
export class PageCache {
  readonly #layout: Layout;
  /** First voxel of the region that is read. */
  readonly #start: Shape;
  /** By file: where what was read of it lies. */
  readonly #read = new Map<number, Stretches>();
  readonly #child: ChildProcess;
  #bytes = 0;

  /** `start`: first voxel of the region that is read. Null where the source may stay. */
  static of(layout: SourceLayout, start: Shape): PageCache | null {
    if (process.platform !== 'linux' || layout.kind !== 'segments') return null;
    const most = memory() / 2;
    let bytes = 0;
    for (const file of layout.files) {
      bytes += statSync(onDisk(file), { throwIfNoEntry: false })?.size ?? 0;
      if (bytes > most) return new PageCache(layout, start);
    }
    return null;
  }

  private constructor(layout: Layout, start: Shape) {
    this.#layout = layout;
    this.#start = start;
    const python = process.env.MICROCT_IO_VIS_PYTHON ?? 'python3';
    const beside = import.meta.url.endsWith('.ts') ? '../../microct_io_vis/page_cache.py' : '../page_cache.py';
    const script = fileURLToPath(new URL(beside, import.meta.url));
    this.#child = spawn(python, ['-I', script], { stdio: ['pipe', 'ignore', 'ignore'] });
    // Without it the source stays in the cache.
    this.#child.on('error', () => {});
    this.#child.stdin!.on('error', () => {});
    this.#child.unref();
  }

  /** Hears of a block of level 0 that was read. */
  blockWasRead(volume: number, level: Level, grid: Grid, index: Shape): void {
    const extent = blockExtent(level, grid, index);
    const [z, y] = blockStart(grid, index);
    // Of rows all: blocks beside it are mostly read soon, and would leave too many stretches.
    this.wasRead(volume, [z, y, 0], [extent[0], extent[1], level.shape[2]], product(extent));
  }

  /** Hears of a box of a volume's region, and how many voxels were read of it. */
  wasRead(volume: number, start: Shape, shape: Shape, voxels = product(shape)): void {
    const [top, ...within] = asStored(
      this.#layout,
      map3(start, (n, axis) => n + this.#start[axis]),
      shape
    );
    const first = volume * this.#layout.shape[0] + top;
    for (let plane = first; plane < first + shape[0]; plane++) {
      const file = this.#layout.pageFile[plane];
      for (const range of storedRanges(this.#layout, [plane, ...within], [1, shape[1], shape[2]], () => false)) {
        const read = this.#read.get(file);
        if (read) read.add(range);
        else this.#read.set(file, new Stretches(range));
      }
    }
    this.#bytes += voxels * BYTES_PER_VOXEL[this.#layout.dtype];
    if (this.#bytes >= STEP) this.#forget();
  }

  /**
   * Waits until all between the first and the last that was read is forgotten, also what was read ahead; what is beyond
   * may have been read ahead for another part.
   */
  async close(): Promise<void> {
    const { stdin, exitCode, signalCode, pid } = this.#child;
    if (exitCode !== null || signalCode !== null || pid === undefined || stdin!.writableEnded) return;
    for (const [file, read] of this.#read) this.#say(file, read.hull());
    // Nothing else may keep this process from ending meanwhile.
    this.#child.ref();
    const ended = once(this.#child, 'exit');
    stdin!.end();
    await ended;
  }

  #forget(): void {
    for (const [file, read] of this.#read) for (const range of read.takeGrown()) this.#say(file, range);
    this.#bytes = 0;
  }

  #say(file: number, { position, length }: Range): void {
    const path = Buffer.from(onDisk(this.#layout.files[file]));
    this.#child.stdin!.write(Buffer.concat([Buffer.from(`${position} ${length} `), path, Buffer.of(0)]));
  }
}
