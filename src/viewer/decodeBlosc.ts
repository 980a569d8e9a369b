// In place of Neuroglancer's module of this name, which runs in workers of its own: what is not a whole chunk is
// refused.
import { decodeBlosc } from 'neuroglancer/unstable/async_computation/decode_blosc_request.js';
import { registerAsyncComputation } from 'neuroglancer/unstable/async_computation/handler.js';
import type { Decoding } from '../simd/decoding.ts';
import { createDecoding } from '../simd/decoding.ts';
import { INFLATE } from './inflate.ts';
import { unblosc } from './unblosc.ts';

let decoding: Decoding | undefined;

registerAsyncComputation(decodeBlosc, async frame => {
  const value = await unblosc(frame, (decoding ??= createDecoding()), INFLATE);
  return { value, transfer: [value.buffer] };
});
