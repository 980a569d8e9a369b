// What a page needs to read chunks. Its memory is its own: shared memory takes a page that is isolated from others,
// which JupyterLab is not.
export { crc32c } from './crc32c';
export { unlz4 } from './unlz4';
export { unbitshuffle, unshuffle } from './unshuffle';
