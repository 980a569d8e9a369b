// Loops that a page needs to read chunks. Their memory is their own: shared memory needs a page that is isolated from
// others, which JupyterLab is not.
export { crc32c } from './crc32c';
export { unlz4 } from './unlz4';
export { unbitshuffle, unshuffle } from './unshuffle';
