/**
 * RPC from the worker to the page: whether what came is of the volume that is shown; what went wrong; what is waited
 * for.
 */
export const CONFIRM_RPC = 'microct-io-vis.confirm';
export const CHUNK_FAILED_RPC = 'microct-io-vis.chunkFailed';
export const WAITING_RPC = 'microct-io-vis.waiting';
/** RPC to the worker: at its start; what the chunks to come are encoded with; that the first is painted. */
export const XSRF_RPC = 'microct-io-vis.xsrf';
export const PREPARE_RPC = 'microct-io-vis.prepare';
export const PAINTED_RPC = 'microct-io-vis.painted';
