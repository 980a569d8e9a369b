import { asyncComputation } from 'neuroglancer/unstable/async_computation/index.js';

/** Makes a worker ready to decode what was encoded with these. */
export const prepareDecoding = asyncComputation<(compression: string[]) => undefined>('microct-io-vis.prepare');
