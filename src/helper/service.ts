import { access } from 'node:fs/promises';
import { type Looks, isName, unfinishedRequest } from '../convert/index.ts';
import { isAddress } from '../model/address.ts';
import { errorName } from '../model/error-name.ts';
import { ConvertError } from '../model/errors.ts';
import { inWords } from '../model/words.ts';
import { RemoteStore } from '../remote/remote-store.ts';
import type { Engine, Jobs } from './jobs.ts';
import { brief, checkParams } from './check-params.ts';
import { toFailure } from './failure.ts';
import type {
  Failure,
  HelperEvent,
  Job,
  Method,
  Methods,
  Request,
  Source,
  OmeZarrInfo,
  VolumeInfo
} from '../protocol/index.ts';
import { ServerPaths } from './paths.ts';
import type { StoredFile } from './store.ts';
import { Outgoing } from './outgoing.ts';
import { Store, readBytes } from './store.ts';
import { FORM } from './vocabulary.ts';

/** Most bytes in one answer: a websocket message has to be held whole at both ends. */
const MOST = 64 * 2 ** 20;
/**
 * Most bytes of answers that are on their way, and how long one waits for those before it: longer than it takes to cut
 * who takes nothing, in ms.
 */
const ON_THE_WAY = 2 * MOST;
const PATIENCE = 45_000;
/** OME-Zarrs whose roots are remembered as such. */
const STORES = 64;

export interface ServiceReply<M extends Method = Method> {
  result: Methods[M]['result'];
  /** The bytes of `read`. */
  bytes?: Uint8Array;
}

/** The engine's work, and its look at a source. */
type LookingEngine = Engine & {
  inspect(source: Source, options?: Methods['inspect']['params']['options']): Promise<VolumeInfo | OmeZarrInfo>;
};

/** Answers the requests of the protocol, for any number of clients. Paths go out as the protocol has them. */
export class Service {
  readonly #engine: LookingEngine;
  readonly #jobs: Jobs;
  readonly #paths: ServerPaths;
  readonly #stores = new Map<string, Promise<Store>>();
  readonly #remotes = new Map<string, Promise<RemoteStore>>();
  readonly #looks: Looks;
  readonly #outgoing = new Outgoing(ON_THE_WAY, PATIENCE);

  constructor(engine: LookingEngine, jobs: Jobs, looks: Looks, root: string) {
    this.#engine = engine;
    this.#looks = looks;
    this.#jobs = jobs;
    this.#paths = new ServerPaths(root);
  }

  /**
   * @param signal aborts when nobody waits for the answer any more
   * @throws ConvertError
   */
  async answer({ method, params }: Request, signal?: AbortSignal): Promise<ServiceReply> {
    if (typeof method !== 'string' || !Object.hasOwn(this.#handlers, method)) {
      throw new ConvertError(
        'bad-option',
        `The helper has no method ${brief(method)}: reload the page, it may be of another version.`
      );
    }
    checkParams(method, params);
    // The compiler does not see that `params` follows from `method`.
    const handle = this.#handlers[method] as (params: unknown, signal?: AbortSignal) => Promise<ServiceReply>;
    const { result, bytes } = await handle(params ?? {}, signal);
    return { result: inWords(result, FORM), bytes };
  }

  /** The failure as clients see it. */
  failure(error: unknown): Failure {
    return this.#failure(inWords(toFailure(error), FORM));
  }

  #failure(failure: Failure): Failure {
    const { message, problems } = failure;
    return {
      ...failure,
      message: this.#paths.inText(message),
      ...(problems && { problems: problems.map(each => this.#failure(each)) })
    };
  }

  /** The event as clients see it. */
  event(event: HelperEvent): HelperEvent {
    return event.event === 'job' ? { event: 'job', job: inWords(this.#job(event.job), FORM) } : event;
  }

  readonly #handlers: {
    [M in Method]: (params: Methods[M]['params'], signal?: AbortSignal) => Promise<ServiceReply<M>>;
  } = {
    inspect: async ({ source, options }) => ({
      result: this.#info(await this.#engine.inspect(this.#source(source), options ?? {}))
    }),
    estimate: async ({ source, options, makeFolder }) => {
      const plan = this.#info(await this.#engine.estimate(this.#source(source), this.#options(options), makeFolder));
      const { outputRefusal, unfinished, warnings } = plan;
      return {
        result: {
          ...plan,
          output: this.#paths.show(plan.output),
          unfinished: unfinished?.refusal
            ? { ...unfinished, refusal: this.#paths.inText(unfinished.refusal) }
            : unfinished,
          outputRefusal: outputRefusal && { ...outputRefusal, message: this.#paths.inText(outputRefusal.message) },
          warnings: this.#texts(warnings)
        }
      };
    },
    start: async ({ source, options, makeFolder }) => {
      return { result: this.#job(await this.#jobs.start(this.#source(source), this.#options(options), makeFolder)) };
    },
    unfinished: async ({ path }) => {
      const partial = this.#paths.absolute(path);
      const { source, options } = unfinishedRequest(partial);
      await this.#engine.estimate(source, { ...options, resume: true }).catch((error: unknown) => {
        // All other errors can be mended in the form.
        const failure = error as ConvertError;
        const { about, said, field } = failure;
        if (field !== 'source' && field !== 'resume') return;
        throw about === partial
          ? failure
          : failure.with({ about: partial, problem: `cannot be gone on with: ${said}` });
      });
      return { result: { source: this.#shown(source), options: this.#shownOptions(options) } };
    },
    verify: async ({ output, options: { maxMemory, jobs } = {} }) => ({
      result: this.#job(this.#jobs.verify(this.#paths.absolute(output), { maxMemory, jobs }))
    }),
    cancel: async ({ job }) => ({ result: this.#job(this.#jobs.cancel(job)) }),
    move: async ({ job, to }) => ({ result: this.#job(this.#jobs.move(job, to)) }),
    seen: async ({ job }) => ({ result: this.#job(this.#jobs.seen(job)) }),
    dismiss: async ({ job }) => {
      this.#jobs.dismiss(job);
      return { result: null };
    },
    jobs: async () => ({ result: this.#jobs.list().map(job => this.#job(job)) }),
    locate: async ({ path }) => {
      const absolute = this.#paths.absolute(path);
      // What may not be looked at may be there.
      const exists = await access(absolute).then(
        () => true,
        error => !['ENOENT', 'ENOTDIR'].includes(errorName(error) ?? '')
      );
      return { result: { absolute, path: this.#paths.relative(absolute), exists } };
    },
    standIn: async ({ address }) => ({ result: this.#paths.absolute(address) }),
    read: (params, signal) =>
      typeof params.root === 'string' && isAddress(params.root)
        ? this.#readRemote(params, signal)
        : this.#read(params, signal),
    look: (params, signal) => this.#look(params, signal),
    // Whoever passes requests on knows which of them have no answer yet.
    abandon: async () => ({ result: null })
  };

  async #look(
    { source, options = {}, key, offset = 0, length }: Methods['look']['params'],
    signal?: AbortSignal
  ): Promise<ServiceReply<'look'>> {
    if (typeof key !== 'string' || !isRange(offset, length)) {
      throw new ConvertError('bad-option', 'look: expected a key, a whole offset and a whole length from 0 up');
    }
    const file = await this.#looks.read(this.#source(source), options, key, signal);
    if (!file) {
      return { result: { size: null, offset: 0, version: null } };
    }
    const size = file.bytes.length;
    const start = Math.min(size, offset < 0 ? Math.max(0, size + offset) : offset);
    const bytes = file.bytes.subarray(start, Math.min(size, start + (length ?? size)));
    await this.#outgoing.hold(bytes.length, async () => bytes, signal);
    return { result: { size, offset: start, version: file.version }, bytes };
  }

  async #readRemote(
    { root, key, offset = 0, length }: Methods['read']['params'],
    signal?: AbortSignal
  ): Promise<ServiceReply<'read'>> {
    if (typeof key !== 'string' || !isRange(offset, length)) {
      throw new ConvertError('bad-option', 'read: expected a key, a whole offset and a whole length from 0 up');
    }
    let store = this.#remotes.get(root);
    if (!store) {
      store = RemoteStore.open(root, MOST);
      this.#remotes.set(root, store);
      store.catch(() => this.#remotes.delete(root));
      if (this.#remotes.size > STORES) {
        const [[oldest, unused]] = this.#remotes;
        this.#remotes.delete(oldest);
        unused.then(
          each => each.close(),
          () => undefined
        );
      }
    }
    const file = await (await store).read(key, { offset, length }, signal);
    if (!file) return { result: { size: null, offset: 0, version: null } };
    const { size, offset: start, version, bytes } = file;
    await this.#outgoing.hold(bytes.length, async () => bytes, signal);
    return { result: { size, offset: start, version }, bytes };
  }

  async #read(
    { root, key, offset = 0, length }: Methods['read']['params'],
    signal?: AbortSignal
  ): Promise<ServiceReply<'read'>> {
    if (typeof key !== 'string' || !isRange(offset, length)) {
      throw new ConvertError('bad-option', 'read: expected a key, a whole offset and a whole length from 0 up');
    }
    const file = await this.#find(root, key);
    if (!file) {
      return { result: { size: null, offset: 0, version: null } };
    }
    const start = Math.min(file.size, offset < 0 ? Math.max(0, file.size + offset) : offset);
    const wanted = Math.min(file.size - start, length ?? Infinity);
    if (wanted > MOST) {
      throw new ConvertError(
        'bad-option',
        `${key}: ${wanted} bytes are too many for one answer: ask for ${MOST} at most`
      );
    }
    const { size, version } = file;
    const bytes = await this.#outgoing.hold(wanted, () => readBytes(file, start, wanted), signal);
    return { result: { size, offset: start, version }, bytes };
  }

  async #find(root: string, key: string): Promise<StoredFile | null> {
    const absolute = this.#paths.absolute(root);
    let store = this.#stores.get(absolute);
    if (!store) {
      store = Store.open(absolute);
      this.#stores.set(absolute, store);
      // A path that is no OME-Zarr now may be one soon.
      store.catch(() => this.#stores.delete(absolute));
      if (this.#stores.size > STORES) {
        this.#stores.delete([...this.#stores.keys()][0]);
      }
    }
    const file = await (await store).find(key);
    if (!file) {
      // Missing chunks are an OME-Zarr's right; a missing OME-Zarr is not many missing chunks.
      this.#stores.set(absolute, Store.open(absolute));
      await this.#stores.get(absolute)!.catch((error: unknown) => {
        this.#stores.delete(absolute);
        throw error;
      });
    }
    return file;
  }

  #source(source: Source): Source {
    return Array.isArray(source) ? source.map(path => this.#paths.absolute(path)) : this.#paths.absolute(source);
  }

  #options(options: Methods['start']['params']['options'] = {}): Methods['start']['params']['options'] {
    const { output, parent } = options;
    // A name alone is one in the parent's folder of labels.
    const isInParent = parent != null && output != null && isName(output);
    return {
      ...options,
      ...(parent != null && { parent: this.#paths.absolute(parent) }),
      ...(output != null && !isInParent && { output: this.#paths.absolute(output) })
    };
  }

  #texts(texts: string[]): string[] {
    return texts.map(text => this.#paths.inText(text));
  }

  #info<T extends VolumeInfo | OmeZarrInfo>(info: T): T {
    return {
      ...info,
      source: this.#paths.show(this.#paths.absolute(info.source)),
      warnings: this.#texts(info.warnings)
    };
  }

  #shown(source: Source): Source {
    return Array.isArray(source) ? source.map(path => this.#paths.show(path)) : this.#paths.show(source);
  }

  #shownOptions(options: Job['options']): Job['options'] {
    const { output, parent } = options;
    return {
      ...options,
      ...(output != null && { output: this.#paths.show(output) }),
      ...(parent != null && { parent: this.#paths.show(parent) })
    };
  }

  #job(job: Job): Job {
    const show = (path: string): string => this.#paths.show(path);
    return {
      ...job,
      source: this.#shown(job.source),
      output: job.output === null ? null : show(job.output),
      options: this.#shownOptions(job.options),
      error: job.error && this.#failure(job.error),
      result: job.result && {
        ...job.result,
        output: show(job.result.output),
        warnings: this.#texts(job.result.warnings)
      },
      verdict: job.verdict && {
        ...job.verdict,
        differences: job.verdict.differences.map(each => ({ ...each, message: this.#paths.inText(each.message) })),
        notes: this.#texts(job.verdict.notes),
        output: show(job.verdict.output),
        against: job.verdict.against && show(job.verdict.against)
      }
    };
  }
}

const isRange = (offset: unknown, length: unknown): boolean =>
  Number.isSafeInteger(offset) && (length === undefined || (Number.isSafeInteger(length) && (length as number) >= 0));
