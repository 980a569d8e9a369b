export { BlockReader, type Box, GAP_BYTES } from './block-reader.ts';
export type { BoxReader } from './box-reader.ts';
export { openSource } from './open-source.ts';
export { type RemoteHeaders, handingOnHeaders } from './common/remote-headers.ts';
export { SegmentCache } from './segment-cache.ts';
export { asStored, storedRanges } from './stored-ranges.ts';
export { openVolume, readInfo } from './open-volume.ts';
export {
  createReader,
  decodedTogether,
  isSequential,
  leavesMemory,
  phase,
  readerBytes,
  tableBytes
} from './source-kinds.ts';
export type { InterpretationOptions } from './tiff/pixel-format.ts';
