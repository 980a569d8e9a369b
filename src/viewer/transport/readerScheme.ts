import type { ByteRangeRequest } from './source.ts';

/** `reader://ID/KEY`: a file that a function of the page reads. */
export const READER_SCHEME = 'reader';

/**
 * RPC from the worker to the page: for the bytes; whether what came is of the volume that is shown; what went wrong;
 * what is waited for.
 */
export const READ_RPC = 'microct-io-vis.read';
export const CONFIRM_RPC = 'microct-io-vis.confirm';
export const CHUNK_FAILED_RPC = 'microct-io-vis.chunkFailed';
export const WAITING_RPC = 'microct-io-vis.waiting';
/** RPC to the worker: at its start; what the chunks to come are encoded with; that the first is painted. */
export const XSRF_RPC = 'microct-io-vis.xsrf';
export const PREPARE_RPC = 'microct-io-vis.prepare';
export const PAINTED_RPC = 'microct-io-vis.painted';

export interface ReadRequest {
  reader: string;
  key: string;
  wanted: ByteRangeRequest;
}

export function readerUrl(id: string, key: string): string {
  return `${READER_SCHEME}://${id}/${key.split('/').map(encodeURIComponent).join('/')}`;
}

export function parseReaderUrl(suffix: string | undefined): { id: string; path: string } {
  const match = /^\/\/([^/]+)\/(.*)$/.exec(suffix ?? '');
  if (!match) throw new Error(`${READER_SCHEME}:${suffix ?? ''}: expected ${READER_SCHEME}://ID/PATH`);
  return { id: match[1], path: decodeURIComponent(match[2]) };
}
