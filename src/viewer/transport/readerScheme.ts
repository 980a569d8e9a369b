import type { ByteRangeRequest } from './source.ts';

/** `reader://ID/KEY`: a file that a function of the page reads. */
export const READER_SCHEME = 'reader';

/** RPC from the worker to the page, for the bytes. */
export const READ_RPC = 'microct-io-vis.read';

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
