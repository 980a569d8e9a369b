import type { ErrorCode } from '../../model/errors.ts';
import type { Layout } from '../../model/layout.ts';
import type { LookChunk } from './sample.ts';

/** Orders to the threads that make chunks. */
export type Order =
  | { kind: 'open'; source: number; layout: Layout; cacheBytes: number }
  | { kind: 'close'; source: number }
  /** `wanted`: an Int32 that becomes 0 when nobody waits for it any more. */
  | { kind: 'make'; source: number; chunk: LookChunk; wanted: SharedArrayBuffer };

/** The answer to `make`; no bytes: it was not wanted any more. */
export type Answer = { bytes: Uint8Array<ArrayBuffer> | null } | { failure: { code: ErrorCode; message: string } };
