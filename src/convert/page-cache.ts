import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Layout } from '../model/layout.ts';
import type { SourceLayout } from '../model/source-layout.ts';
import { onDisk } from '../reader/common/file-name.ts';

/** Bytes of the source after which what was read is forgotten. */
const STEP = 2 ** 30;

const memory = (): number => {
  const allowed = process.constrainedMemory();
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
};

/**
 * The system's cache of a source that takes more than half of the memory. Such a source would push out all that other
 * programs have there, and once its end is read its beginning is no longer cached; so it is forgotten as it is read.
 * Linux only, by the Python that has started this process.
 */
export class PageCache {
  readonly #layout: Layout;
  readonly #files = new Set<number>();
  readonly #child: ChildProcess;
  #bytes = 0;

  /** Null where the source may stay. */
  static of(layout: SourceLayout): PageCache | null {
    if (process.platform !== 'linux' || layout.kind !== 'segments') return null;
    const most = memory() / 2;
    let bytes = 0;
    for (const file of layout.files) {
      bytes += statSync(onDisk(file), { throwIfNoEntry: false })?.size ?? 0;
      if (bytes > most) return new PageCache(layout);
    }
    return null;
  }

  private constructor(layout: Layout) {
    this.#layout = layout;
    const python = process.env.MICROCT_IO_VIS_PYTHON ?? 'python3';
    const beside = import.meta.url.endsWith('.ts') ? '../../microct_io_vis/page_cache.py' : '../page_cache.py';
    const script = fileURLToPath(new URL(beside, import.meta.url));
    this.#child = spawn(python, ['-I', script], { stdio: ['pipe', 'ignore', 'ignore'] });
    // Without it the source stays in the cache.
    this.#child.on('error', () => {});
    this.#child.stdin!.on('error', () => {});
    this.#child.unref();
  }

  /** Hears of planes of the source, of which `bytes` were read. */
  read(first: number, count: number, bytes: number): void {
    for (let plane = first; plane < first + count; plane++) this.#files.add(this.#layout.pageFile[plane]);
    this.#bytes += bytes;
    if (this.#bytes >= STEP) this.#forget();
  }

  /** Waits until all is forgotten. */
  async close(): Promise<void> {
    const { stdin, exitCode, signalCode, pid } = this.#child;
    if (exitCode !== null || signalCode !== null || pid === undefined || stdin!.writableEnded) return;
    this.#forget();
    // Nothing else may keep this process from ending meanwhile.
    this.#child.ref();
    const ended = once(this.#child, 'exit');
    stdin!.end();
    await ended;
  }

  #forget(): void {
    const zero = Buffer.of(0);
    for (const file of this.#files)
      this.#child.stdin!.write(Buffer.concat([Buffer.from(onDisk(this.#layout.files[file])), zero]));
    this.#files.clear();
    this.#bytes = 0;
  }
}
