/** First byte of the memory that the caller may use; what lies below belongs to the WebAssembly module. */
export const MEMORY_START = 65536;

/** Bytes of scratch that `lz4` needs. */
export const LZ4_TABLE = 16384;

/** Bytes of scratch that bits are shuffled by way of. */
export const SHUFFLE_SCRATCH = 8192;

/** Bytes of scratch that `crc32c` needs. */
export const CRC32C_TABLE = 16384;
