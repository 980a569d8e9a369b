/** Entry of a thread that makes chunks of sources that are looked at, one after another. */
import { parentPort } from 'node:worker_threads';
import { ConvertError } from '../../model/errors.ts';
import type { Layout } from '../../model/layout.ts';
import { BlockReader, SegmentCache } from '../../reader/index.ts';
import type { Answer, Order } from './orders.ts';
import { type Pace, sampleChunk } from './sample.ts';

const port = parentPort!;
/** Readers by the numbers of their sources. They share what is decoded. */
const readers = new Map<number, { reader: BlockReader; layout: Layout; pace: Pace }>();
let cache: SegmentCache | null = null;

async function obey(order: Order): Promise<Uint8Array<ArrayBuffer> | null> {
  switch (order.kind) {
    case 'open':
      cache ??= new SegmentCache(order.cacheBytes);
      readers.set(order.source, {
        reader: new BlockReader(order.layout, cache),
        layout: order.layout,
        pace: { row: 0 }
      });
      return null;
    case 'close':
      readers.get(order.source)?.reader.close();
      readers.delete(order.source);
      return null;
    case 'make': {
      const wanted = new Int32Array(order.wanted);
      const { reader, layout, pace } = readers.get(order.source)!;
      const isWanted = () => Atomics.load(wanted, 0) > 0;
      // What is decoded gives way, so that no thread takes more than its share.
      return sampleChunk(reader, layout, order.chunk, pace, isWanted, bytes => cache?.makeRoom(bytes));
    }
  }
}

let last: Promise<unknown> = Promise.resolve();
port.on('message', (order: Order) => {
  last = last
    .then(() => obey(order))
    .then(
      bytes => {
        if (order.kind === 'make') port.postMessage({ bytes } satisfies Answer, bytes ? [bytes.buffer] : []);
      },
      (error: unknown) => {
        const failure =
          error instanceof ConvertError
            ? { code: error.code, message: error.said }
            : {
                code: 'internal' as const,
                message: error instanceof Error ? (error.stack ?? error.message) : String(error)
              };
        if (order.kind === 'make') port.postMessage({ failure } satisfies Answer);
      }
    );
});
