// Modules of Neuroglancer that come without declarations; what of them is used here.
declare module 'neuroglancer/unstable/chunk_manager/backend.js' {
  export class Chunk {
    source: { parameters?: { url?: string } } | null;
    /** Of chunks of volumes: x, y, z. */
    chunkGridPosition?: Float32Array;
    data?: unknown;
    downloadFailed(error: unknown): void;
  }
}
declare module 'neuroglancer/unstable/chunk_worker.bundle.js';
declare module 'neuroglancer/unstable/datasource/zarr/backend.js' {
  import type { Chunk } from 'neuroglancer/unstable/chunk_manager/backend.js';
  export class ZarrVolumeChunkSource {
    download(chunk: Chunk, signal: AbortSignal): Promise<void>;
  }
}
declare module 'neuroglancer/unstable/kvstore/backend.js' {
  export const backendOnlyKvStoreProviderRegistry: {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    registerBaseKvStoreProvider(provider: (context: any) => unknown): void;
  };
}
declare module 'neuroglancer/unstable/chunk_manager/frontend.js' {
  import type { RefCounted } from 'neuroglancer/unstable/util/disposable.js';
  import type { NullarySignal } from 'neuroglancer/unstable/util/signal.js';
  import type { RPC } from 'neuroglancer/unstable/worker_rpc.js';
  import type { GL } from 'neuroglancer/unstable/webgl/context.js';
  export class CapacitySpecification {
    constructor(limits: { defaultItemLimit: number; defaultSizeLimit: number });
  }
  export type FrameNumberCounter = object;
  export class ChunkQueueManager extends RefCounted {
    rpc: RPC | null;
    readonly visibleChunksChanged: NullarySignal;
    constructor(rpc: RPC, gl: GL, frames: FrameNumberCounter, capacities: Record<string, CapacitySpecification>);
  }
  export class ChunkManager extends RefCounted {
    constructor(chunkQueueManager: ChunkQueueManager);
  }
}
declare module 'neuroglancer/unstable/visibility_priority/frontend.js' {
  export class WatchableVisibilityPriority {
    static readonly VISIBLE: number;
    static readonly IGNORED: number;
    value: number;
    constructor(value: number);
  }
}
declare module 'neuroglancer/unstable/async_computation/handler.js' {
  import type { AsyncComputationSpec } from 'neuroglancer/unstable/async_computation/index.js';
  export function registerAsyncComputation<T, R>(
    request: AsyncComputationSpec<(given: T) => R>,
    handler: (given: T) => Promise<{ value: R; transfer?: ArrayBuffer[] }>
  ): void;
}
