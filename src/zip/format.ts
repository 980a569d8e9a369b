// Signatures, lengths and marks of ZIP (PKWARE's APPNOTE 6.3.10), as far as an OME-Zarr in one file has them.

/** Of a file, before its bytes. */
export const LOCAL = 0x04034b50;
export const LOCAL_BYTES = 30;
/** Of a file, in the central directory. */
export const CENTRAL = 0x02014b50;
export const CENTRAL_BYTES = 46;
/** Behind the central directory: of archives of any length, where that is, and what all archives end with. */
export const END64 = 0x06064b50;
export const END64_BYTES = 56;
export const LOCATOR = 0x07064b50;
export const LOCATOR_BYTES = 20;
export const END = 0x06054b50;
export const END_BYTES = 22;
/** The extra field with the lengths that have no room in 32 bits. */
export const ZIP64 = 1;
/** The version of ZIP that has it. */
export const VERSION = 45;
/** The flag of names in UTF-8. */
export const UTF8 = 0x800;
export const MAX_16 = 2 ** 16 - 1;
export const MAX_32 = 2 ** 32 - 1;
/** The first of January 1980, so that the same volume is the same file. */
export const DATE = 33;
