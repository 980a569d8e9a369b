export { BlockReader, GAP_BYTES, readerBytes } from './block-reader.ts';
export { openVolume } from './open-volume.ts';
