// In place of Neuroglancer's module of this name, which runs in workers of its own: incomplete chunks are refused. The
// workers are made ready while the first chunks are on their way.
import { decodeBlosc } from 'neuroglancer/unstable/async_computation/decode_blosc_request.js';
import { registerAsyncComputation } from 'neuroglancer/unstable/async_computation/handler.js';
import type { Decoding } from '../../simd/decoding.ts';
import { createDecoding } from '../../simd/decoding.ts';
import { INFLATE, prepareZstd } from './inflate.ts';
import { prepareDecoding } from './prepareDecoding.ts';
import { unblosc } from './unblosc.ts';

let decoding: Decoding | undefined;

registerAsyncComputation(decodeBlosc, async frame => {
  const value = await unblosc(frame, (decoding ??= createDecoding()), INFLATE);
  return { value, transfer: [value.buffer] };
});

registerAsyncComputation(prepareDecoding, async compression => {
  decoding ??= createDecoding();
  if (compression.includes('zstd')) await prepareZstd();
  return { value: undefined };
});
