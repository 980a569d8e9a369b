import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { HelperEvent, Method, Methods, Reply, Request } from '../../protocol/index.ts';
import { HELPER } from '../../protocol/index.ts';
import { HelperError } from '../helper.ts';

/** How long a `start` may go unanswered after the connection was made again, in milliseconds. */
const GRACE = 15_000;
const RESTARTED = 'The helper was restarted, which ended its conversions.';

export interface HelperReply<M extends Method> {
  result: Methods[M]['result'];
  buffers: (ArrayBuffer | ArrayBufferView)[];
}

/** Why a link has ended, and whether the helper's jobs have ended with it. */
export interface Ending {
  reason: string;
  lost: boolean;
}

interface Waiting {
  request: Request;
  resolve: (answer: HelperReply<Method>) => void;
  reject: (error: Error) => void;
}

/** One comm with one life of the helper's kernel. It outlives a dropped websocket, not a restarted kernel. */
export class Link {
  constructor(kernel: Kernel.IKernelConnection) {
    this._kernel = kernel;
    this._comm = kernel.createComm(HELPER);
    this._comm.onMsg = message => {
      this._receive(message.content.data as unknown as Reply | HelperEvent, message.buffers ?? []);
    };
    // It closes those that were silent long, and knows nothing of those of an earlier life.
    this._comm.onClose = () => this.end('The helper closed the connection.', false);
    kernel.statusChanged.connect(this._onStatus, this);
    kernel.connectionStatusChanged.connect(this._onConnection, this);
    kernel.disposed.connect(this._onDisposed, this);
    kernel.iopubMessage.connect(this._onMessage, this);
    // The futures of comm messages bring nothing that `onMsg` does not, and would be kept until the kernel is idle.
    this._comm.open().dispose();
  }

  /** What the helper says unasked. */
  get event(): ISignal<this, HelperEvent> {
    return this._event;
  }

  /** The websocket came back: what was said meanwhile may be missing. */
  get resumed(): ISignal<this, void> {
    return this._resumed;
  }

  /** The websocket dropped; it is being made again. */
  get dropped(): ISignal<this, void> {
    return this._dropped;
  }

  /** Nothing more will come over this link. */
  get ended(): ISignal<this, Ending> {
    return this._ended;
  }

  get isEnded(): boolean {
    return this._isEnded;
  }

  request<M extends Method>(method: M, params: Methods[M]['params']): Promise<HelperReply<M>> {
    return new Promise<HelperReply<Method>>((resolve, reject) => {
      if (this._isEnded) {
        reject(new HelperError('lost', 'The helper has stopped.'));
        return;
      }
      const request: Request = { id: this._nextId++, method, params };
      this._waiting.set(request.id, { request, resolve, reject });
      if (this._kernel.connectionStatus === 'disconnected') {
        void this._kernel.reconnect().catch(() => undefined);
      }
      this._send(request);
    }) as Promise<HelperReply<M>>;
  }

  /** Tells the helper that this page is going away. Should the browser bring it back as it was, another link is made. */
  close(): void {
    if (!this._isEnded && !this._comm.isDisposed) {
      this._comm.close().dispose();
      this.end('The page was left.', false);
    }
  }

  end(reason: string, lost = true): void {
    if (this._isEnded) {
      return;
    }
    this._isEnded = true;
    this._kernel.statusChanged.disconnect(this._onStatus, this);
    this._kernel.connectionStatusChanged.disconnect(this._onConnection, this);
    this._kernel.disposed.disconnect(this._onDisposed, this);
    this._kernel.iopubMessage.disconnect(this._onMessage, this);
    const waiting = [...this._waiting.values()];
    this._waiting.clear();
    waiting.forEach(({ reject }) => reject(new HelperError('lost', reason)));
    this._ended.emit({ reason, lost });
    Signal.clearData(this);
  }

  private _send(request: Request): void {
    this._comm.send(request as unknown as JSONObject).dispose();
  }

  private _receive(message: Reply | HelperEvent, buffers: HelperReply<Method>['buffers']): void {
    if ('event' in message) {
      this._event.emit(message);
      return;
    }
    const waiting = this._waiting.get(message.id);
    if (!waiting) {
      return;
    }
    this._waiting.delete(message.id);
    if (message.error) {
      waiting.reject(new HelperError(message.error.code, message.error.message, message.error));
    } else {
      waiting.resolve({ result: message.result, buffers });
    }
  }

  /** A restart that somebody else asked for is told by nothing but the new process's name for itself. */
  private _onMessage(_: unknown, message: KernelMessage.IIOPubMessage): void {
    const { session } = message.header;
    this._life ??= session;
    if (session !== this._life) {
      this.end(RESTARTED);
    }
  }

  private _onStatus(_: unknown, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting') {
      this.end(RESTARTED);
    } else if (status === 'dead' || status === 'terminating') {
      this.end('The helper was shut down or has died.');
    }
  }

  private _onDisposed(): void {
    this.end('The helper was shut down.');
  }

  private _onConnection(_: unknown, status: Kernel.ConnectionStatus): void {
    if (status !== 'connected') {
      this._wasDropped = true;
      this._dropped.emit();
      return;
    }
    if (!this._wasDropped) {
      return;
    }
    this._wasDropped = false;
    for (const [id, { request }] of this._waiting) {
      if (request.method !== 'start') {
        this._send(request);
        continue;
      }
      // Asking twice could convert twice: wait for the server's replay, then leave it to the list of jobs.
      setTimeout(() => {
        const still = this._waiting.get(id);
        if (still && this._waiting.delete(id)) {
          still.reject(new HelperError('lost', 'The connection dropped before the helper answered: see Conversions.'));
        }
      }, GRACE);
    }
    this._resumed.emit();
  }

  private readonly _kernel: Kernel.IKernelConnection;
  private readonly _comm: Kernel.IComm;
  private readonly _waiting = new Map<number, Waiting>();
  private _life: string | null = null;
  private _nextId = 1;
  private _isEnded = false;
  private _wasDropped = false;
  private readonly _event = new Signal<this, HelperEvent>(this);
  private readonly _resumed = new Signal<this, void>(this);
  private readonly _dropped = new Signal<this, void>(this);
  private readonly _ended = new Signal<this, Ending>(this);
}
