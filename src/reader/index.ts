export { BlockReader, GAP_BYTES, readerBytes } from './block-reader.ts';
export { SegmentCache } from './segment-cache.ts';
export { openVolume, readInfo } from './open-volume.ts';
export type { InterpretationOptions } from './tiff/pixel-format.ts';
