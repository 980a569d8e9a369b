import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Layout, RemoteState } from '../model/layout.ts';
import { readUpTo } from '../model/read-up-to.ts';
import { remoteFile } from '../remote/reach.ts';
import { onDisk } from './common/file-name.ts';
import { fail, readFailure } from './common/fail.ts';

/** Of each file. */
export const HEADER_BYTES = 16384;

/** Files that are being read at a time, so that the delays of a network drive overlap. */
const READING = 16;

/**
 * SHA-256, in hexadecimal, over what tells a source from others wherever it lies: for each file in the order of its
 * slices its size as a decimal number and a line feed, then its first 16,384 bytes, or all of a smaller one. Neither
 * names nor times matter.
 */
export async function headerHash({ files, remote }: Pick<Layout, 'files' | 'remote'>): Promise<string> {
  if (remote) return remoteHeaderHash(files[0], remote);
  const hash = createHash('sha256');
  for (let from = 0; from < files.length; from += READING)
    for (const part of await Promise.all(files.slice(from, from + READING).map(head))) hash.update(part);
  return hash.digest('hex');
}

async function remoteHeaderHash(address: string, remote: RemoteState): Promise<string> {
  const file = remoteFile(address);
  try {
    const length = Math.min(remote.size, HEADER_BYTES);
    const bytes = length === 0 ? '' : await file.read(remote, 0, length);
    return createHash('sha256').update(`${remote.size}\n`).update(bytes).digest('hex');
  } finally {
    file.close();
  }
}

async function head(path: string): Promise<Buffer> {
  try {
    const file = await open(onDisk(path), 'r');
    try {
      const { size } = await file.stat();
      const bytes = Buffer.alloc(Math.min(size, HEADER_BYTES));
      const done = await readUpTo(file, bytes, 0);
      if (done < bytes.length) throw fail('truncated', path, `it ends at ${done} bytes, where it had ${size}`);
      return Buffer.concat([Buffer.from(`${size}\n`), bytes]);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readFailure(error, path);
  }
}
