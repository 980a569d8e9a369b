import { deflateSync, inflateSync } from 'node:zlib';
import { type RemoteHeaders, handingOnHeaders } from '../../reader/index.ts';
import { PARTS } from '../../zarr/owner.ts';
import { type PartsPlan, packed, readRecord, unpacked, writeRecord } from './files.ts';
import type { PartsStore } from './store.ts';

/** Lies in an output that is converted in parts, whose source has an address. */
const HEADERS = `${PARTS}/headers`;

/** Headers of a remote source as `plan` has read them, so that not every part asks for thousands of directories. */
interface HeadersRecord {
  /** The plan's. */
  id: string;
  state: string;
  /** Packed: where the pieces are in the file, and their lengths. */
  positions: string;
  lengths: string;
  /** Deflated, in base64. */
  bytes: string;
}

export async function writeHeaders(store: PartsStore, id: string, { state, pieces }: RemoteHeaders): Promise<void> {
  const record: HeadersRecord = {
    id,
    state,
    positions: packed(Float64Array.from(pieces, ({ position }) => position)),
    lengths: packed(Float64Array.from(pieces, ({ bytes }) => bytes.length)),
    bytes: deflateSync(Buffer.concat(pieces.map(({ bytes }) => bytes)), { level: 1 }).toString('base64')
  };
  await writeRecord(store, HEADERS, id, record);
}

/** Does `work`, which reads the headers of what is planned, with what `plan` has read of them. */
export async function withHeaders<T>(plan: PartsPlan, store: PartsStore, work: () => Promise<T>): Promise<T> {
  return (await handingOnHeaders(plan.hasHeaders ? await readHeaders(plan, store) : null, work)).result;
}

async function readHeaders({ id }: PartsPlan, store: PartsStore): Promise<RemoteHeaders | null> {
  const record = await readRecord<HeadersRecord>(store, HEADERS);
  if (record?.id !== id) return null;
  const bytes = inflateSync(Buffer.from(record.bytes, 'base64'));
  const lengths = unpacked(record.lengths);
  let at = 0;
  const pieces = [...unpacked(record.positions)].map((position, n) => ({
    position,
    bytes: bytes.subarray(at, (at += lengths[n]))
  }));
  return { state: record.state, pieces };
}
