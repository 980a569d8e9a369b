import type { JSONObject } from '@lumino/coreutils';
import type { ByteRangeResponse, ByteRangeRequest } from '../viewer/index.ts';
import type { KernelReply, Requests } from './requests.ts';

/**
 * Reads a file of the volume through Python; null when there is none. One answer carries 64 MiB at most, so a long read
 * takes several, and is refused when the file has changed between them. `opened` says of which opening of the files
 * which volume is meant.
 */
export async function readFile(
  requests: Requests,
  opened: { load: number; volume: number } | { source: string; options: JSONObject },
  key: string,
  wanted: ByteRangeRequest,
  signal?: AbortSignal
): Promise<ByteRangeResponse | null> {
  const ask = (
    offset: number,
    length?: number
  ): Promise<KernelReply<{ size: number | null; offset: number; version: string | null }>> =>
    requests.ask('read', { ...opened, key, offset, ...(length === undefined ? {} : { length }) }, signal);

  const from = wanted.stat ? 0 : wanted.suffix === undefined ? (wanted.offset ?? 0) : -wanted.suffix;
  const first = await ask(from, wanted.stat ? 0 : wanted.length);
  const { size, offset, version } = first.result;
  if (size === null) {
    return null;
  }
  const end = wanted.stat ? offset : Math.min(size, wanted.length === undefined ? size : offset + wanted.length);
  const bytes = new Uint8Array(Math.max(0, end - offset));
  let done = put(bytes, 0, first.buffers);
  while (done < bytes.length) {
    const next = await ask(offset + done, bytes.length - done);
    const more = next.result.size === size && next.result.version === version ? put(bytes, done, next.buffers) : 0;
    if (more === 0) {
      throw new Error(`${key} changed while it was read`);
    }
    done += more;
  }
  return { size, offset, bytes, version };
}

function put(target: Uint8Array, at: number, buffers: DataView[]): number {
  const [view] = buffers;
  if (!view) {
    return 0;
  }
  const piece = new Uint8Array(view.buffer, view.byteOffset, Math.min(view.byteLength, target.length - at));
  target.set(piece, at);
  return piece.length;
}
