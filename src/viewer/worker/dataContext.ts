import {
  CapacitySpecification,
  ChunkManager,
  ChunkQueueManager
} from 'neuroglancer/unstable/chunk_manager/frontend.js';
import type { FrameNumberCounter } from 'neuroglancer/unstable/chunk_manager/frontend.js';
import { RefCounted } from 'neuroglancer/unstable/util/disposable.js';
import type { GL } from 'neuroglancer/unstable/webgl/context.js';
import { RPC, registerPromiseRPC, registerRPC } from 'neuroglancer/unstable/worker_rpc.js';
import { setXsrfToken } from '../transport/strictFetch.ts';
import { CHUNK_FAILED_RPC, CONFIRM_RPC, PAINTED_RPC, PREPARE_RPC, WAITING_RPC, XSRF_RPC } from './rpc.ts';
import { takeWorker } from './startedWorker.ts';

export interface DataEvents {
  /** A chunk, or a part of the program, could not be loaded. */
  onFailure(message: string): void;
  /** For how many seconds there has been no answer; null: there is one. */
  onWaiting(seconds: number | null): void;
  /** Something was read, or found to be missing: rejects where it must not be shown. */
  confirm(url: string, missing: boolean): Promise<void>;
}

/** Who hears of what a worker does, by the connection to it. */
const listeners = new WeakMap<RPC, DataEvents>();
registerRPC(CHUNK_FAILED_RPC, function (this: RPC, { message }: { message: string }) {
  listeners.get(this)?.onFailure(message);
});
registerRPC(WAITING_RPC, function (this: RPC, { seconds }: { seconds: number | null }) {
  listeners.get(this)?.onWaiting(seconds);
});
registerPromiseRPC(CONFIRM_RPC, async function (this: RPC, { url, missing }: { url: string; missing: boolean }) {
  await listeners.get(this)?.confirm(url, missing);
  return { value: undefined };
});

const MiB = 2 ** 20;

/**
 * Caches and a worker of a viewer's own; as Neuroglancer's DataManagementContext, but with our worker and its news of
 * failures.
 */
export class DataContext extends RefCounted {
  readonly gl: GL;
  readonly frameNumberCounter: FrameNumberCounter;
  readonly worker: Worker;
  readonly chunkQueueManager: ChunkQueueManager;
  readonly chunkManager: ChunkManager;

  constructor(gl: GL, frames: FrameNumberCounter, events: DataEvents) {
    super();
    this.gl = gl;
    this.frameNumberCounter = frames;
    const { worker, isReady } = takeWorker();
    this.worker = worker;
    const rpc = new RPC(worker, !isReady);
    listeners.set(rpc, events);
    this.worker.addEventListener('error', event => {
      // Later errors have a message, and are reported by the chunk that they concern.
      if (!event.message) events.onFailure('A part of the viewer could not be loaded: the login may have expired.');
    });
    const capacity = (bytes: number, items = 1e6) =>
      new CapacitySpecification({ defaultItemLimit: items, defaultSizeLimit: bytes });
    this.chunkQueueManager = this.registerDisposer(
      new ChunkQueueManager(rpc, gl, frames, {
        gpuMemory: capacity(1024 * MiB),
        systemMemory: capacity(2048 * MiB),
        download: capacity(Number.POSITIVE_INFINITY, 32),
        compute: capacity(512 * MiB, 128)
      })
    );
    this.chunkManager = this.registerDisposer(new ChunkManager(this.chunkQueueManager));
    this.#tellToken();
  }

  get rpc(): RPC {
    return this.chunkQueueManager.rpc as RPC;
  }

  /** Ends the worker, whatever it does, and whatever of Neuroglancer cannot be ended. */
  end(): void {
    this.worker.terminate();
  }

  /** Makes the decoders of chunks with this compression ready, before the first chunks come. */
  prepareDecoding(compression: string[]): void {
    this.rpc.invoke(PREPARE_RPC, { compression });
  }

  /** Tells the worker that the first chunk is painted: it reads further ones from now on. */
  goOn(): void {
    this.rpc.invoke(PAINTED_RPC, {});
  }

  /** Tells the worker, which has no cookies, the token that goes with them. */
  #tellToken(): void {
    const match = /(?:^|;\s*)_xsrf=([^;]*)/.exec(document.cookie);
    const token = match ? decodeURIComponent(match[1]) : null;
    setXsrfToken(token);
    this.rpc.invoke(XSRF_RPC, { token });
  }
}
