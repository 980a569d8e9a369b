import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import type { Job, LookOptions, Method, Methods, Source, TroubleEvent } from '../protocol/index.ts';

/**
 * The one helper of this Jupyter server, shared by every browser: a kernel named `microct-io-vis` under a session of
 * the same path. It is joined when it runs, and started by the first request, or when a TIFF is
 * selected; opening JupyterLab starts nothing.
 */
export interface IHelper {
  readonly state: HelperState;
  readonly stateChanged: ISignal<IHelper, HelperState>;
  /** A server of the web that the helper asks, for whichever page, is in trouble, and is asked again. */
  readonly trouble: ISignal<IHelper, TroubleEvent>;
  /** Every conversion that the helper knows, running or ended. */
  readonly jobs: IJobs;
  /**
   * Asks the helper, starting it where it does not run.
   * @throws HelperError with the helper's code and the option at fault, or with `no-helper` or `lost` when there is no
   *   helper to answer.
   */
  request<M extends Method>(method: M, params: Methods[M]['params']): Promise<Methods[M]['result']>;
  /** Joins the helper if this server runs one; starts none. */
  join(): Promise<void>;
  /** Forgets an ended job, here and at the helper. */
  dismiss(job: string): Promise<void>;
  /** Bytes of the file `key` under the OME-Zarr `root`; the rules are those of the protocol's `read`. */
  read(
    root: string,
    key: string,
    range?: { offset?: number; length?: number },
    signal?: AbortSignal
  ): Promise<ReadResult>;
  /** The same of the OME-Zarr that a source would be; the rules are those of the protocol's `look`. */
  look(
    source: Source,
    options: LookOptions,
    key: string,
    range?: { offset?: number; length?: number },
    signal?: AbortSignal
  ): Promise<ReadResult>;
}
export const IHelper = new Token<IHelper>(
  'microct-io-vis:IHelper',
  'The helper process: plans and runs conversions, and reads OME-Zarrs that the server does not serve as files.'
);

/** `off`: not running, or not joined. `waiting`: the connection has dropped and is being made again. */
export type HelperState = 'off' | 'starting' | 'connected' | 'waiting';

export interface ReadResult {
  /** The whole file's length; null when there is no such file. */
  size: number | null;
  /** Where `bytes` begin in the file. */
  offset: number;
  bytes: Uint8Array<ArrayBuffer>;
  /** Tells the file from what takes its name, or a change. */
  version: string | null;
}

/** A job as it is now and as it was before; null where it was not yet, or is no longer, there. */
export interface JobChange {
  now: Job | null;
  before: Job | null;
}

export interface IJobs {
  /** Oldest first. */
  readonly items: readonly Job[];
  get(id: string): Job | undefined;
  readonly changed: ISignal<IJobs, JobChange>;
}
