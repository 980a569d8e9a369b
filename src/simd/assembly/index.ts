export { lz4Block, shuffleBlock } from './blosc';
export { copyBox, fill } from './box';
export { checksum } from './checksum';
export { crc32c } from './crc32c';
export { isIncompressible } from './incompressible';
export { firstDifference } from './differ';
export { lz4 } from './lz4';
export { scannedMax, scannedMin, scannedNaNs } from './scan';
export { bitshuffle } from './bitshuffle';
export { shuffle } from './shuffle';
export { swap2, swap4, swap8 } from './swap';
export { addHistogram } from './histogram';
export { unlz4 } from './unlz4';
export { unbitshuffle, unshuffle } from './unshuffle';
// A function a loop and voxel type, so that only those that are called are compiled. Made by src/build/simd.mjs.
export * from './build/typed';
