// Neuroglancer's worker with transports that never take a failure for an empty chunk, and that tells the page of
// failures. The stock worker looks at what is registered here when the page's first message comes, which is after this
// file has run.
import { requestAsyncComputation } from 'neuroglancer/unstable/async_computation/request.js';
import { Chunk } from 'neuroglancer/unstable/chunk_manager/backend.js';
import 'neuroglancer/unstable/chunk_worker.bundle.js';
import { ZarrVolumeChunkSource } from 'neuroglancer/unstable/datasource/zarr/backend.js';
import { backendOnlyKvStoreProviderRegistry } from 'neuroglancer/unstable/kvstore/backend.js';
import 'neuroglancer/unstable/kvstore/proxy.js';
import { registerRPC } from 'neuroglancer/unstable/worker_rpc.js';
import { registerStrictHttp } from '../transport/httpStore.ts';
import { sleep } from '../transport/sleep.ts';
import { onWaiting, setXsrfToken } from '../transport/strictFetch.ts';
import './codecs.ts';
import type { WorkerContext } from './confirm.ts';
import { confirmed, confirmedAtLast } from './confirm.ts';
import { explain } from './explain.ts';
import { prepareDecoding } from './prepareDecoding.ts';
import { registerReaderBackend } from './readerBackend.ts';
import { CHUNK_FAILED_RPC, PAINTED_RPC, PREPARE_RPC, WAITING_RPC, XSRF_RPC } from './rpc.ts';

registerStrictHttp(backendOnlyKvStoreProviderRegistry, (store, context: WorkerContext) => confirmed(store, context));
registerReaderBackend();
registerRPC(XSRF_RPC, ({ token }: { token: string | null }) => setXsrfToken(token));

/** Workers that decode, which are made ready before the first chunks come, at most. */
const MOST_READY = 4;

registerRPC(PREPARE_RPC, ({ compression }: { compression: string[] }) => {
  for (let n = Math.min(MOST_READY, navigator.hardwareConcurrency); n > 0; n--)
    // A decoder that cannot be loaded is reported by the first chunk that needs it.
    requestAsyncComputation(prepareDecoding, undefined, [], compression).catch(() => undefined);
});

/**
 * The first chunk, of a coarse level, is alone until it is painted, which is sooner than beside the others: for so many
 * milliseconds until it is there, and for so many more.
 */
const ALONE = 250;
const UNPAINTED = 500;
let first: Promise<void> | null = null;
let paint: () => void;
const painted = new Promise<void>(done => (paint = done));
registerRPC(PAINTED_RPC, () => paint());
const download = confirmedAtLast(ZarrVolumeChunkSource.prototype.download);
ZarrVolumeChunkSource.prototype.download = async function (chunk, signal) {
  if (first) {
    await first;
    return download.call(this, chunk, signal);
  }
  const done = download.call(this, chunk, signal);
  first = alone(done);
  return done;
};

async function alone(reading: Promise<void>): Promise<void> {
  const isThere = await Promise.race([reading.then(() => true).catch(() => false), sleep(ALONE)]);
  if (isThere) await Promise.race([painted, sleep(UNPAINTED)]);
}

/** Which chunk it is, as its file is named. */
function place({ source, chunkGridPosition }: Chunk): string {
  const level = source?.parameters?.url?.split('/').filter(Boolean).pop();
  return level && chunkGridPosition ? ` (level ${level}, chunk ${[...chunkGridPosition].reverse().join('/')})` : '';
}

/** Tells the page. */
const tell = (name: string, message: unknown): void =>
  (globalThis as { rpc?: { invoke(name: string, message: unknown): void } }).rpc?.invoke(name, message);

onWaiting(seconds => tell(WAITING_RPC, { seconds }));

const { downloadFailed } = Chunk.prototype;
Chunk.prototype.downloadFailed = function (error: unknown): void {
  tell(CHUNK_FAILED_RPC, { message: `${explain(error)}${place(this)}` });
  downloadFailed.call(this, error);
};
