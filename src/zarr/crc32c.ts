import crc from 'crc-32/crc32c.js';

/** CRC-32C (RFC 3720, appendix B.4), as shard indexes end with; for little data. Node has CRC-32 only. */
export const crc32c = (bytes: Uint8Array): number => crc.buf(bytes) >>> 0;
