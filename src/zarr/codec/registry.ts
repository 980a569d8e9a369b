import type { Compression } from '../../model/options.ts';
import { bz2Codec } from './bz2.ts';
import { bloscCodec, bloscLz4Codec, bloscZstdCodec } from './blosc-codecs.ts';
import type { Codec, WritingCodec } from './codec.ts';
import { gzipCodec } from './gzip.ts';
import { lz4Codec } from './lz4.ts';
import { zlibCodec } from './zlib.ts';
import { zstdCodec } from './zstd.ts';

/** The codecs of chunks that are written, by option; null: chunks are written as they are. */
export const WRITTEN: Record<Compression, WritingCodec | null> = {
  'blosc-zstd': bloscZstdCodec,
  'blosc-lz4': bloscLz4Codec,
  zstd: zstdCodec,
  gzip: gzipCodec,
  none: null
};

/** Those that others write, and that are read. `blosc`: with anything else inside than this program writes. */
const OTHERS = { blosc: bloscCodec, zlib: zlibCodec, lz4: lz4Codec, bz2: bz2Codec } satisfies Partial<
  Record<StoredCompression, Codec>
>;

/** How chunks may be compressed that are read: as this program does, or as others do. */
export type StoredCompression = Compression | 'blosc' | 'zlib' | 'lz4' | 'bz2';

export const CODECS: Record<StoredCompression, Codec | null> = { ...WRITTEN, ...OTHERS };

/** Those that are read, for a sentence. */
export function readCodecs(): string {
  const stored = Object.values(CODECS).flatMap(codec => codec?.stored ?? []);
  const cnames = stored.flatMap(({ name, cname }) => (name === 'blosc' ? (cname ?? []) : []));
  const others = stored.flatMap(({ name }) => (name === 'blosc' ? [] : [name]));
  return `${[...new Set(others)].sort().join(', ')}, or blosc with ${[...new Set(cnames)].sort().join(', ')}`;
}

/**
 * The compression that an array's metadata names: a codec's name, and what Blosc has inside. A Blosc frame says itself
 * which shuffle and block length it has. Null where there is none that can be read.
 */
export function storedCompression(name: string, cname: unknown): StoredCompression | null {
  for (const [compression, codec] of Object.entries(CODECS)) {
    const isIt = codec?.stored.name === name;
    if (isIt && (!codec.stored.cname || codec.stored.cname.some(inside => inside === cname)))
      return compression as StoredCompression;
  }
  return null;
}
