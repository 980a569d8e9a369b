/** Reading an image back and comparing it with its source and with itself. */
export { type VerifyOptions, type VerifyResult, limitsOf, verify } from './verify.ts';
export type { Piece } from './pieces.ts';
