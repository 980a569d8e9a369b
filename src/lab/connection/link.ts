import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { HelperEvent, Method, Methods, Reply, Request } from '../../protocol/index.ts';
import { HELPER } from '../../protocol/index.ts';
import { HelperError } from '../../protocol/error.ts';

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
    this.#kernel = kernel;
    this.#comm = kernel.createComm(HELPER);
    this.#comm.onMsg = message => {
      this.#receive(message.content.data as unknown as Reply | HelperEvent, message.buffers ?? []);
    };
    // The helper closes links that were silent long, and knows none of an earlier life.
    this.#comm.onClose = () => this.end('The helper closed the connection.', false);
    kernel.statusChanged.connect(this.#onStatus, this);
    kernel.connectionStatusChanged.connect(this.#onConnection, this);
    kernel.disposed.connect(this.#onDisposed, this);
    kernel.iopubMessage.connect(this.#onMessage, this);
    // The futures of comm messages bring nothing that `onMsg` does not, and would be kept until the kernel is idle.
    this.#comm.open().dispose();
  }

  /** Events that the helper sends unasked. */
  get event(): ISignal<this, HelperEvent> {
    return this.#event;
  }

  /** The websocket came back: what was said meanwhile may be missing. */
  get resumed(): ISignal<this, void> {
    return this.#resumed;
  }

  /** The websocket dropped; it is being made again. */
  get dropped(): ISignal<this, void> {
    return this.#dropped;
  }

  /** Nothing more will come over this link. */
  get ended(): ISignal<this, Ending> {
    return this.#ended;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** When `signal` aborts, the helper is told that the answer is wanted no more, and nothing waits for it. */
  request<M extends Method>(method: M, params: Methods[M]['params'], signal?: AbortSignal): Promise<HelperReply<M>> {
    return new Promise<HelperReply<Method>>((resolve, reject) => {
      if (this.#isEnded) {
        reject(new HelperError('lost', 'The helper has stopped.'));
        return;
      }
      const request: Request = { id: this.#nextId++, method, params };
      this.#waiting.set(request.id, { request, resolve, reject });
      if (this.#kernel.connectionStatus === 'disconnected') {
        void this.#kernel.reconnect().catch(() => undefined);
      }
      this.#send(request);
      signal?.addEventListener('abort', () => {
        if (this.#waiting.delete(request.id)) {
          this.#send({ id: this.#nextId++, method: 'abandon', params: { request: request.id } });
          reject(new DOMException('no longer wanted', 'AbortError'));
        }
      });
    }) as Promise<HelperReply<M>>;
  }

  /**
   * Tells the helper that this page is going away. Should the browser bring it back as it was, another link is made.
   */
  close(): void {
    if (!this.#isEnded && !this.#comm.isDisposed) {
      this.#comm.close().dispose();
      this.end('The page was left.', false);
    }
  }

  end(reason: string, lost = true): void {
    if (this.#isEnded) {
      return;
    }
    this.#isEnded = true;
    this.#kernel.statusChanged.disconnect(this.#onStatus, this);
    this.#kernel.connectionStatusChanged.disconnect(this.#onConnection, this);
    this.#kernel.disposed.disconnect(this.#onDisposed, this);
    this.#kernel.iopubMessage.disconnect(this.#onMessage, this);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    waiting.forEach(({ reject }) => reject(new HelperError('lost', reason)));
    this.#ended.emit({ reason, lost });
    Signal.clearData(this);
  }

  #send(request: Request): void {
    this.#comm.send(request as unknown as JSONObject).dispose();
  }

  #receive(message: Reply | HelperEvent, buffers: HelperReply<Method>['buffers']): void {
    if ('event' in message) {
      this.#event.emit(message);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (!waiting) {
      return;
    }
    this.#waiting.delete(message.id);
    if (message.error) {
      waiting.reject(new HelperError(message.error.code, message.error.message, message.error));
    } else {
      waiting.resolve({ result: message.result, buffers });
    }
  }

  /** Only the new process's session id tells of a restart that somebody else asked for. */
  #onMessage(_: unknown, message: KernelMessage.IIOPubMessage): void {
    const { session } = message.header;
    this.#life ??= session;
    if (session !== this.#life) {
      this.end(RESTARTED);
    }
  }

  #onStatus(_: unknown, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting') {
      this.end(RESTARTED);
    } else if (status === 'dead' || status === 'terminating') {
      this.end('The helper was shut down or has died.');
    }
  }

  #onDisposed(): void {
    this.end('The helper was shut down.');
  }

  #onConnection(_: unknown, status: Kernel.ConnectionStatus): void {
    if (status !== 'connected') {
      this.#wasDropped = true;
      this.#dropped.emit();
      return;
    }
    if (!this.#wasDropped) {
      return;
    }
    this.#wasDropped = false;
    for (const [id, { request }] of this.#waiting) {
      if (request.method !== 'start') {
        this.#send(request);
        continue;
      }
      // Asking twice could convert twice: wait for the server's replay, then leave it to the list of jobs.
      setTimeout(() => {
        const still = this.#waiting.get(id);
        if (still && this.#waiting.delete(id)) {
          still.reject(new HelperError('lost', 'The connection dropped before the helper answered: see Conversions.'));
        }
      }, GRACE);
    }
    this.#resumed.emit();
  }

  readonly #kernel: Kernel.IKernelConnection;
  readonly #comm: Kernel.IComm;
  readonly #waiting = new Map<number, Waiting>();
  #life: string | null = null;
  #nextId = 1;
  #isEnded = false;
  #wasDropped = false;
  readonly #event = new Signal<this, HelperEvent>(this);
  readonly #resumed = new Signal<this, void>(this);
  readonly #dropped = new Signal<this, void>(this);
  readonly #ended = new Signal<this, Ending>(this);
}
