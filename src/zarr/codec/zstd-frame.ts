const MAGIC = 0xfd2fb528;
/** Frames for whatever an application wants; the last four bits are free. */
const SKIPPABLE = 0x184d2a50;
const RESERVED_BIT = 0x08;
const CHECKSUM_BIT = 0x04;
const BLOCK = { rle: 1, reserved: 3 } as const;
/** Bytes of the dictionary's number, and of the content's size, by their flags. */
const DICTIONARY_BYTES = [0, 1, 2, 4];
const SIZE_BYTES = [0, 2, 4, 8];

/**
 * Throws unless bytes are whole zstd frames (RFC 8878, section 3.1), the last block of each and its checksum included:
 * Node's decoder takes one that ends too soon for what it has of it.
 */
export function checkZstdFrames(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  do at = frameEnd(view, at);
  while (at < bytes.length);
  if (at > bytes.length) throw new Error('a zstd frame ends too soon');
}

/** Where a frame ends, by what it says; reading beyond the end throws a RangeError. */
function frameEnd(view: DataView, start: number): number {
  const magic = view.getUint32(start, true);
  if ((magic & ~15) === SKIPPABLE) return start + 8 + view.getUint32(start + 4, true);
  if (magic !== MAGIC) throw new Error('a zstd frame does not begin as one');
  const descriptor = view.getUint8(start + 4);
  if (descriptor & RESERVED_BIT) throw new Error('a zstd frame has a flag that none has');
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeBytes = SIZE_BYTES[descriptor >> 6] || Number(isSingleSegment);
  let at = start + 5 + Number(!isSingleSegment) + DICTIONARY_BYTES[descriptor & 3] + sizeBytes;
  for (let isLast = false; !isLast;) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    isLast = (header & 1) === 1;
    const kind = (header >> 1) & 3;
    if (kind === BLOCK.reserved) throw new Error('a zstd frame has a block of no kind');
    at += 3 + (kind === BLOCK.rle ? 1 : header >> 3);
  }
  return at + (descriptor & CHECKSUM_BIT ? 4 : 0);
}
