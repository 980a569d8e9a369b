import type { Session, ServiceManager } from '@jupyterlab/services';
import { ServerConnection } from '@jupyterlab/services';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { HelperEvent, LookOptions, Method, Methods, Source, TroubleEvent } from '../../protocol/index.ts';
import { HELPER } from '../../protocol/index.ts';
import type { HelperState, IHelper, ReadResult } from '../helper.ts';
import { HelperError } from '../../protocol/error.ts';
import { isActive } from '../../protocol/job.ts';
import { Jobs } from './jobs.ts';
import type { HelperReply } from './link.ts';
import { Link } from './link.ts';
import type { Remembered } from './remembered.ts';

/** How long a restarted helper is given before it is looked for, in milliseconds. */
const REJOIN = 3_000;

/** Codes with which there is no helper that knows a job. */
const UNKNOWN: HelperError['code'][] = ['not-found', 'no-helper', 'lost'];

/** Finds or starts the shared session and keeps a link to it for as long as it lives. */
export class HelperClient implements IHelper {
  readonly jobs = new Jobs();

  constructor(services: ServiceManager.IManager, remembered: Remembered) {
    this.#services = services;
    this.#remembered = remembered;
    services.sessions.runningChanged.connect(this.#onRunning, this);
    window.addEventListener('pagehide', () => void this.#link?.then(link => link.close()));
  }

  get state(): HelperState {
    return this.#state;
  }

  get stateChanged(): ISignal<this, HelperState> {
    return this.#stateChanged;
  }

  get trouble(): ISignal<this, TroubleEvent> {
    return this.#trouble;
  }

  async request<M extends Method>(method: M, params: Methods[M]['params']): Promise<Methods[M]['result']> {
    return (await this.#ask(method, params)).result;
  }

  async read(
    root: string,
    key: string,
    range: { offset?: number; length?: number } = {},
    signal?: AbortSignal
  ): Promise<ReadResult> {
    const { result, buffers } = await this.#ask('read', { root, key, ...range }, signal);
    return { ...result, bytes: toBytes(buffers[0]) };
  }

  async look(
    source: Source,
    options: LookOptions,
    key: string,
    range: { offset?: number; length?: number } = {},
    signal?: AbortSignal
  ): Promise<ReadResult> {
    const { result, buffers } = await this.#ask('look', { source, options, key, ...range }, signal);
    return { ...result, bytes: toBytes(buffers[0]) };
  }

  async dismiss(id: string): Promise<void> {
    try {
      // No helper is started to forget what no helper knows.
      await this.#ask('dismiss', { job: id }, undefined, false);
    } catch (error) {
      if (!(error instanceof HelperError && UNKNOWN.includes(error.code))) throw error;
    }
    this.jobs.delete(id);
  }

  async join(): Promise<void> {
    const { sessions } = this.#services;
    this.#recalled ??= this.#recall();
    await Promise.all([sessions.ready, this.#recalled]);
    // Jobs that were under way ended with their helper: only the next one knows how.
    const isOwed = this.jobs.items.some(isActive);
    if (!this.#link && (this.#find() || isOwed)) {
      await this.#connect(isOwed);
    }
  }

  async #recall(): Promise<void> {
    this.jobs.recall(await this.#remembered.fetch());
    this.#remembered.follow(this.jobs);
  }

  async #ask<M extends Method>(
    method: M,
    params: Methods[M]['params'],
    signal?: AbortSignal,
    mayStart = true
  ): Promise<HelperReply<M>> {
    const link = await this.#connect(mayStart);
    signal?.throwIfAborted();
    try {
      return await link.request(method, params, signal);
    } catch (error) {
      // Asked of a helper that was about to go: ask the next one, unless that could convert twice.
      if (method === 'start' || !(error instanceof HelperError) || error.code !== 'lost') {
        throw error;
      }
      const next = await this.#connect(mayStart);
      return next.request(method, params, signal);
    }
  }

  /** The oldest session of the name: browsers that start one at the same moment agree on it. */
  #find(): Session.IModel | undefined {
    return [...this.#services.sessions.running()].find(model => model.path === HELPER && model.kernel !== null);
  }

  #connect(start: boolean): Promise<Link> {
    if (this.#link) {
      const mayStart = this.#mayStart;
      // A link that only looked for a helper, and found none, leaves it to this one to start it.
      return this.#link.catch(error => (start && !mayStart ? this.#connect(true) : Promise.reject(error)));
    }
    const link = this.#open(start);
    this.#link = link;
    this.#mayStart = start;
    link.catch(() => {
      this.#link = null;
      this.#setState('off');
    });
    return link;
  }

  async #open(start: boolean): Promise<Link> {
    const { sessions } = this.#services;
    this.#setState('starting');
    await sessions.refreshRunning();
    let model = this.#find();
    if (!model && start) {
      model = await this.#start();
    }
    if (!model) {
      throw new HelperError('no-helper', 'The helper does not run.');
    }
    const session = sessions.connectTo({ model, kernelConnectionOptions: { handleComms: true } });
    if (!session.kernel) {
      session.dispose();
      throw new HelperError(
        'no-helper',
        'The session of the helper has no kernel. Shut it down in the Running panel and try again.'
      );
    }
    const link = new Link(session.kernel);
    link.event.connect((_, event) => this.#onEvent(event));
    link.dropped.connect(() => this.#setState('waiting'));
    link.resumed.connect(() => void this.#sync(link));
    link.ended.connect((_, { reason, lost }) => {
      this.#link = null;
      this.#setState('off');
      if (lost) {
        this.jobs.fail(reason);
      }
      // JupyterLab is still busy with what ended it; and a restarted kernel keeps its session, of which no signal
      // tells.
      setTimeout(() => {
        session.dispose();
        void this.join().catch(() => undefined);
      }, REJOIN);
    });
    void this.#sync(link);
    return link;
  }

  async #start(): Promise<Session.IModel | undefined> {
    const { sessions } = this.#services;
    let made: Session.ISessionConnection;
    try {
      // The server answers with the session that has this path, if there is one.
      made = await sessions.startNew(
        { path: HELPER, type: HELPER, name: 'microct-io-vis helper', kernel: { name: HELPER } },
        { kernelConnectionOptions: { handleComms: false } }
      );
    } catch (error) {
      throw await this.#explain(error);
    }
    const { model } = made;
    made.dispose();
    const first = this.#find() ?? model;
    if (first.id !== model.id) {
      await sessions.shutdown(model.id);
    }
    return first;
  }

  async #explain(error: unknown): Promise<HelperError> {
    const { kernelspecs } = this.#services;
    await kernelspecs.refreshSpecs().catch(() => undefined);
    if (kernelspecs.specs && !kernelspecs.specs.kernelspecs[HELPER]) {
      return new HelperError(
        'no-helper',
        `This Jupyter server has no kernel named "${HELPER}". Install it into the server's environment: pip install microct-io-vis`
      );
    }
    const reason = error instanceof ServerConnection.ResponseError ? error.message : String(error);
    return new HelperError('no-helper', `The helper could not be started: ${reason}`);
  }

  async #sync(link: Link): Promise<void> {
    try {
      const { result } = await link.request('jobs', {});
      this.jobs.sync(result);
      this.#setState('connected');
    } catch {
      // The link has ended and said so.
    }
  }

  #onEvent(event: HelperEvent): void {
    if (event.event === 'job') {
      this.jobs.set(event.job);
    } else if (event.event === 'trouble') {
      this.#trouble.emit(event);
    } else {
      this.jobs.delete(event.job);
    }
  }

  /** Another browser may have started the helper. */
  #onRunning(): void {
    if (!this.#link && this.#find()) {
      void this.#connect(false).catch(() => undefined);
    }
  }

  #setState(state: HelperState): void {
    if (state !== this.#state) {
      this.#state = state;
      this.#stateChanged.emit(state);
    }
  }

  readonly #services: ServiceManager.IManager;
  readonly #remembered: Remembered;
  #recalled: Promise<void> | null = null;
  #link: Promise<Link> | null = null;
  #mayStart = false;
  #state: HelperState = 'off';
  readonly #stateChanged = new Signal<this, HelperState>(this);
  readonly #trouble = new Signal<this, TroubleEvent>(this);
}

function toBytes(buffer: ArrayBuffer | ArrayBufferView | undefined): Uint8Array<ArrayBuffer> {
  if (!buffer) {
    return new Uint8Array(0);
  }
  return ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);
}
