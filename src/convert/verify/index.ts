/** Reading an image back and comparing it with its source and with itself. */
export { type VerifyOptions, type VerifyResult, verify } from './verify.ts';
