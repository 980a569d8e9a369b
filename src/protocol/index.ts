/**
 * The language between the helper (a Jupyter kernel) and what runs in the browser.
 *
 * One comm on target `microct-io-vis` a client. A client sends a `Request`; the helper answers with one `Reply` of the
 * same id (bytes of `read` travel as the message's one binary buffer) and, unasked, sends a `JobEvent` at most five
 * times a second a job.
 *
 * Paths are either absolute on the server or, as the file browser has them, relative to the server's root with `/`
 * between segments. A path that the helper sends is relative to the root where it lies under it, absolute otherwise.
 */
export type {
  Checksum,
  ConvertOptions,
  Compression,
  Downsampling,
  OutputDtype,
  OmeZarrVersion,
  DescribedBy,
  Orientation,
  Palette,
  ReadingOptions,
  ZAxis
} from '../model/options.ts';
export type { LookOptions } from '../model/options.ts';
export type { VolumeInfo, Dtype, Shape } from '../model/volume.ts';
export type { OmeZarrInfo } from '../convert/ome-zarr-info.ts';
export type { Plan, PlannedLevel, Unfinished } from '../model/plan.ts';
export type { Progress, ConvertResult } from '../model/progress.ts';
export type { VerifyResult } from '../convert/verify/index.ts';
export type { ErrorCode } from '../model/errors.ts';

import type { ConvertOptions, LookOptions, ReadingOptions } from '../model/options.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import type { ConvertResult, Progress } from '../model/progress.ts';
import type { VerifyOptions, VerifyResult } from '../convert/verify/index.ts';
import type { OmeZarrInfo } from '../convert/ome-zarr-info.ts';
import type { VolumeInfo } from '../model/volume.ts';

/** Name of the kernelspec, of the comm target and of the session that all clients of a server share. */
export const HELPER = 'microct-io-vis';

/** Codes of failures that say nothing of a source. */
export const PASSING: readonly ErrorCode[] = ['unreadable', 'cancelled', 'interrupted', 'memory-too-small', 'internal'];

/** One path, or the files of a stack of slices. */
export type Source = string | string[];

export interface Failure {
  code: ErrorCode;
  message: string;
  field: keyof ConvertOptions | 'source' | null;
  /** Which element of the option's list, from 0. */
  at?: number;
  /** Options that the message speaks of. */
  options?: (keyof ConvertOptions | 'against')[];
  /** Where several things are wrong at once: all of them, this one first. */
  problems?: Failure[];
}

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export interface Job {
  id: string;
  /** A conversion; or a verification, which reads an OME-Zarr back and compares it. */
  kind: 'convert' | 'verify';
  /** Of a verification the OME-Zarr. */
  source: Source;
  /** The OME-Zarr; null until the job is planned. */
  output: string | null;
  options: Partial<ConvertOptions>;
  state: JobState;
  progress: Progress | null;
  error: Failure | null;
  /** Of a conversion that is done. */
  result: ConvertResult | null;
  /** Of a verification that is done, whatever it has found. */
  verdict: VerifyResult | null;
  /** Of a job that is queued. */
  waiting: Waiting | null;
  /** Whether a person has been told how it ended. */
  seen: boolean;
  /** Milliseconds since 1970. */
  created: number;
  ended: number | null;
}

/**
 * Why a job waits. Large ones run one at a time; a small one may run beside another, if the memory is enough for both.
 */
export interface Waiting {
  /** Place among the jobs that wait, from 1. */
  place: number;
  /** The job that is to begin or to end before. */
  behind: string;
  reason: 'turn' | 'memory';
}

/** Each method's parameters and result. */
export interface Methods {
  /** Describes a source, or an OME-Zarr (`format` tells which). */
  inspect: {
    params: {
      source: Source;
      options?: Partial<ReadingOptions>;
    };
    result: VolumeInfo | OmeZarrInfo;
  };
  /** `makeFolder`: that the output has no folder yet is told in the plan. */
  estimate: { params: { source: Source; options: Partial<ConvertOptions>; makeFolder?: boolean }; result: Plan };
  /** Queues a conversion; `makeFolder`: the output's folder is made where it is not there. */
  start: { params: { source: Source; options: Partial<ConvertOptions>; makeFolder?: boolean }; result: Job };
  /** The request that began the unfinished output at `path`; refused where that output can no longer be resumed. */
  unfinished: { params: { path: string }; result: { source: Source; options: Partial<ConvertOptions> } };
  /** Queues a verification, against the source that the OME-Zarr names where it lies beside it. */
  verify: { params: { output: string; options?: Partial<Pick<VerifyOptions, 'maxMemory' | 'jobs'>> }; result: Job };
  cancel: { params: { job: string }; result: Job };
  /** Changes the order of those that wait. */
  move: { params: { job: string; to: 'first' | 'up' | 'down' }; result: Job };
  /** A person has been told how a job ended: no other page need do it. */
  seen: { params: { job: string }; result: Job };
  /** Forgets an ended job. */
  dismiss: { params: { job: string }; result: null };
  /** Every job that the helper knows, oldest first. */
  jobs: { params: Record<string, never>; result: Job[] };
  /** Where a path of the server's file system is: `path` is relative to the server's root, null when outside it. */
  locate: { params: { path: string }; result: { absolute: string; path: string | null; exists: boolean } };
  /**
   * What stands for an address which may hold a key (a login, a query): it can be kept and shown in its place, and all
   * methods take it. The helper knows of which address as long as it lives.
   */
  standIn: { params: { address: string }; result: string };
  /**
   * Bytes of a file under `root`, a path or an address, which must be an OME-Zarr: `key` is relative to it. `size` is
   * the whole file's, null when there is no such file (only then is a chunk missing). `version` tells it from what
   * takes its name, or a change. `offset` may be negative: that many bytes from the end. Without `length`: to the end;
   * 0 asks for the size alone.
   */
  read: {
    params: { root: string; key: string; offset?: number; length?: number };
    result: { size: number | null; offset: number; version: string | null };
  };
  /**
   * The same of the OME-Zarr 0.5 that a source would be, which is on no disk: level 0 is exact, coarser levels are
   * sampled, `microct-io-vis.look.notes` of the group's attributes says what a person should know. `not-found` when the
   * source is gone, `truncated` for chunks of another version of it. `length` 0 asks for the size alone.
   */
  look: {
    params: { source: Source; options?: LookOptions; key: string; offset?: number; length?: number };
    result: { size: number | null; offset: number; version: string | null };
  };
  /** The answer to an earlier request of this client is wanted no more: it may come as `cancelled`. */
  abandon: { params: { request: number }; result: null };
}
export type Method = keyof Methods;

export interface Request<M extends Method = Method> {
  id: number;
  method: M;
  params: Methods[M]['params'];
}

export type Reply<M extends Method = Method> =
  { id: number; result: Methods[M]['result']; error?: undefined } | { id: number; error: Failure; result?: undefined };

/** A job was made or has changed. */
export interface JobEvent {
  event: 'job';
  job: Job;
}

/** A job was dismissed. */
export interface DismissedEvent {
  event: 'dismissed';
  job: string;
}

/** A server of the web, or a bucket, does not do what somebody waits for, and is asked again. */
export interface TroubleEvent {
  event: 'trouble';
  /** As the address has it: with its port, or the bucket's name. */
  host: string;
  /** What it answered, or why it could not be reached. */
  reason: string;
}
export type HelperEvent = JobEvent | DismissedEvent | TroubleEvent;
