import { createHash, randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { addressName } from '../model/address.ts';
import { onDisk } from './common/file-name.ts';
import { readable } from '../model/readable.ts';
import type { SourceLayout } from '../model/source-layout.ts';

/** Marks that tell a source from another, and from itself after a change, without reading its voxels. */
export interface Fingerprint {
  /** Of its only file or its first. */
  name: string;
  files: number;
  /** Of all its files together. */
  bytes: number;
  /** SHA-256 over name, length and time of change, or ETag, of every file; never the same for a stream. */
  digest: string;
}

export function fingerprint(layout: SourceLayout): Fingerprint {
  if (layout.kind === 'stream') return { name: layout.name, files: 0, bytes: 0, digest: randomUUID() };
  const { files, remote } = layout;
  if (remote) {
    const { size, version } = remote;
    const name = addressName(files[0]);
    const digest = createHash('sha256').update(`${name}\0${size}\0${version}\n`).digest('hex');
    return { name: readable(name), files: 1, bytes: size, digest };
  }
  const hash = createHash('sha256');
  let bytes = 0;
  for (const file of files) {
    const { size, mtimeMs } = statSync(onDisk(file));
    bytes += size;
    hash.update(`${basename(file)}\0${size}\0${mtimeMs}\n`);
  }
  return { name: readable(basename(files[0])), files: files.length, bytes, digest: hash.digest('hex') };
}

/** How a source differs from what it was, in words; null where it does not. */
export function changed(before: Fingerprint, now: Fingerprint): string | null {
  if (before.digest === now.digest) return null;
  if (before.name !== now.name) return `the source was ${before.name} and is ${now.name}`;
  if (before.files !== now.files) return `the source had ${before.files} files and has ${now.files}`;
  if (before.bytes !== now.bytes) return `the source ${now.name} had ${before.bytes} bytes and has ${now.bytes}`;
  return `the source ${now.name} has been written to since`;
}
