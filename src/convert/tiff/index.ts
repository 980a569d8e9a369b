export { BlockReader, readerBytes } from './block-reader.ts';
export { openVolume } from './open-volume.ts';
