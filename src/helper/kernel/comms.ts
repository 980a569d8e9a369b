import type { HelperEvent, Reply, Request } from '../../protocol/index.ts';
import { HELPER } from '../../protocol/index.ts';
import { onTrouble } from '../../remote/attempts.ts';
import type { Jobs } from '../jobs.ts';
import type { Records } from '../records.ts';
import type { Service } from '../service.ts';
import type { Content, Parent } from './message.ts';
import { isRecord } from './message.ts';

/** A page that goes away says nothing: beyond this many comms, the one that was silent longest is closed. */
const MOST = 32;

type Publish = (type: string, content: object, parent: Parent | null, buffers?: readonly Uint8Array[]) => void;

/** The clients: one comm a browser. Every one is told of every job. */
export class Comms {
  readonly #service: Service;
  readonly #jobs: Jobs;
  readonly #records: Records;
  readonly #publish: Publish;
  #isRecorded = false;
  /** Requests without an answer yet, by comm and id. */
  readonly #unanswered = new Map<string, AbortController>();
  /** In the order in which they were last heard of. */
  readonly #open = new Set<string>();

  constructor(service: Service, jobs: Jobs, records: Records, publish: Publish) {
    this.#service = service;
    this.#jobs = jobs;
    this.#records = records;
    this.#publish = publish;
    const tell = (event: HelperEvent): void => {
      const data = this.#service.event(event);
      this.#open.forEach(id => this.#publish('comm_msg', { comm_id: id, data }, null));
    };
    jobs.listen(tell);
    onTrouble(trouble => tell({ event: 'trouble', ...trouble }));
  }

  /** Comms by id, as `comm_info_reply` has them. */
  info(target: unknown): Record<string, { target_name: string }> {
    const wanted = target === undefined || target === null || target === '' || target === HELPER;
    return Object.fromEntries([...(wanted ? this.#open : [])].map(id => [id, { target_name: HELPER }]));
  }

  open(content: Content, parent: Parent): void {
    const id = idOf(content);
    if (id === null) {
      return;
    }
    if (content.target_name !== HELPER) {
      this.#publish('comm_close', { comm_id: id, data: {} }, parent);
      return;
    }
    // Jobs of cells are told in the cells: only a helper that has clients speaks for others before it.
    this.#jobs.recall(this.#records.take());
    if (!this.#isRecorded) {
      this.#isRecorded = true;
      this.#records.follow(this.#jobs);
    }
    this.#open.add(id);
    for (const job of this.#jobs.list()) {
      this.#publish('comm_msg', { comm_id: id, data: this.#service.event({ event: 'job', job }) }, parent);
    }
    const [oldest] = this.#open;
    if (this.#open.size > MOST) {
      this.close({ comm_id: oldest });
      this.#publish('comm_close', { comm_id: oldest, data: {} }, null);
    }
  }

  close(content: Content): void {
    const closed = idOf(content) ?? '';
    this.#open.delete(closed);
    for (const [key, controller] of this.#unanswered) {
      if (key.startsWith(`${closed} `)) {
        controller.abort();
      }
    }
  }

  /** Answers one request, in whatever order answers become ready. */
  async receive(content: Content, parent: Parent): Promise<void> {
    const comm_id = idOf(content);
    if (comm_id === null) {
      return;
    }
    if (!this.#open.has(comm_id)) {
      this.#publish('comm_close', { comm_id, data: {} }, parent);
      return;
    }
    this.#open.delete(comm_id);
    this.#open.add(comm_id);
    const request = (isRecord(content.data) ? content.data : {}) as unknown as Request;
    const id = typeof request.id === 'number' ? request.id : -1;
    if (request.method === 'abandon') {
      const { params } = request as { params?: { request?: unknown } };
      this.#unanswered.get(`${comm_id} ${Number(params?.request)}`)?.abort();
    }
    const controller = new AbortController();
    const key = `${comm_id} ${id}`;
    this.#unanswered.set(key, controller);
    let reply: Reply;
    let bytes: Uint8Array | undefined;
    try {
      const answer = await this.#service.answer(request, controller.signal);
      reply = { id, result: answer.result };
      bytes = answer.bytes;
    } catch (error) {
      reply = { id, error: this.#service.failure(error) };
    } finally {
      this.#unanswered.delete(key);
    }
    // Who has closed it meanwhile waits for nothing.
    if (this.#open.has(comm_id)) {
      this.#publish('comm_msg', { comm_id, data: reply }, parent, bytes && [bytes]);
    }
  }
}

/** The name of a message's comm; null where it has none. */
const idOf = ({ comm_id }: Content): string | null => (typeof comm_id === 'string' ? comm_id : null);
