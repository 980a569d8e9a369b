import { resolve } from 'node:path';
import { access } from 'node:fs/promises';
import { ConvertError } from '../convert/errors.ts';
import { isName } from '../convert/output-path.ts';
import { askedFor } from '../convert/unfinished.ts';
import { inWords } from '../convert/words.ts';
import type { Engine, Jobs } from './jobs.ts';
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
import { Store, readBytes } from './store.ts';
import { FORM } from './vocabulary.ts';

/** Most bytes in one answer: a websocket message has to be held whole at both ends. */
const MOST = 64 * 2 ** 20;
/** OME-Zarrs whose roots are remembered as such. */
const STORES = 64;

export interface Answer<M extends Method = Method> {
  result: Methods[M]['result'];
  /** The bytes of `read`. */
  bytes?: Uint8Array;
}

/** Answers the requests of the protocol, for any number of clients. Paths go out as the protocol has them. */
export class Service {
  private readonly _engine: Engine & {
    inspect(source: Source, options?: Methods['inspect']['params']['options']): Promise<VolumeInfo | OmeZarrInfo>;
  };
  private readonly _jobs: Jobs;
  private readonly _paths: ServerPaths;
  private readonly _stores = new Map<string, Promise<Store>>();

  constructor(engine: Service['_engine'], jobs: Jobs, root: string) {
    this._engine = engine;
    this._jobs = jobs;
    this._paths = new ServerPaths(root);
  }

  /** @throws ConvertError */
  async answer({ method, params }: Request): Promise<Answer> {
    // The compiler does not see that `params` follows from `method`.
    if (!Object.hasOwn(this._handlers, method)) {
      throw new ConvertError(
        'bad-option',
        `The helper has no method ${method}: reload the page, it may be of another version.`
      );
    }
    const { result, bytes } = await (this._handlers[method] as (params: unknown) => Promise<Answer>)(params ?? {});
    return { result: inWords(result, FORM), bytes };
  }

  /** What went wrong, as clients see it. */
  failure(error: unknown): Failure {
    return this._failure(inWords(toFailure(error), FORM));
  }

  private _failure(failure: Failure): Failure {
    const { message, problems } = failure;
    return {
      ...failure,
      message: this._paths.inText(message),
      ...(problems && { problems: problems.map(each => this._failure(each)) })
    };
  }

  /** The event as clients see it. */
  event(event: HelperEvent): HelperEvent {
    return event.event === 'job' ? { event: 'job', job: inWords(this._job(event.job), FORM) } : event;
  }

  private readonly _handlers: { [M in Method]: (params: Methods[M]['params']) => Promise<Answer<M>> } = {
    inspect: async ({ source, options }) => ({
      result: this._info(await this._engine.inspect(this._source(source), options ?? {}))
    }),
    estimate: async ({ source, options }) => {
      const plan = this._info(await this._engine.estimate(this._source(source), this._options(options)));
      const { outputRefusal, unfinished, warnings } = plan;
      return {
        result: {
          ...plan,
          output: this._paths.show(plan.output),
          unfinished: unfinished?.refusal
            ? { ...unfinished, refusal: this._paths.inText(unfinished.refusal) }
            : unfinished,
          outputRefusal: outputRefusal && { ...outputRefusal, message: this._paths.inText(outputRefusal.message) },
          warnings: this._texts(warnings)
        }
      };
    },
    start: async ({ source, options }) => {
      return { result: this._job(await this._jobs.start(this._source(source), this._options(options))) };
    },
    unfinished: async ({ path }) => {
      const partial = this._paths.absolute(path);
      const { source, options } = askedFor(partial);
      await this._engine.estimate(source, { ...options, resume: true }).catch((error: unknown) => {
        // What else is in the way can be mended in the form.
        const { code, said, field } = error as ConvertError;
        if (field === 'source' || field === 'resume') {
          throw new ConvertError(
            code,
            said.startsWith(partial) ? said : `${partial}: cannot be gone on with: ${said}`,
            field
          );
        }
      });
      return { result: { source: this._shown(source), options: this._shownOptions(options) } };
    },
    verify: async ({ output, options }) => ({
      result: this._job(this._jobs.verify(this._paths.absolute(output), options ?? {}))
    }),
    cancel: async ({ job }) => ({ result: this._job(this._jobs.cancel(job)) }),
    move: async ({ job, to }) => ({ result: this._job(this._jobs.move(job, to)) }),
    seen: async ({ job }) => ({ result: this._job(this._jobs.seen(job)) }),
    dismiss: async ({ job }) => {
      this._jobs.dismiss(job);
      return { result: null };
    },
    jobs: async () => ({ result: this._jobs.list().map(job => this._job(job)) }),
    locate: async ({ path }) => {
      const absolute = this._paths.absolute(path);
      const exists = await access(absolute).then(
        () => true,
        () => false
      );
      return { result: { absolute, path: this._paths.relative(absolute), exists } };
    },
    read: params => this._read(params)
  };

  private async _read({ root, key, offset = 0, length }: Methods['read']['params']): Promise<Answer<'read'>> {
    const isWhole =
      Number.isSafeInteger(offset) && (length === undefined || (Number.isSafeInteger(length) && length >= 0));
    if (typeof key !== 'string' || !isWhole) {
      throw new ConvertError('bad-option', 'read: expected a key, a whole offset and a whole length from 0 up');
    }
    const file = await this._find(root, key);
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
    return { result: { size, offset: start, version }, bytes: await readBytes(file, start, wanted) };
  }

  private async _find(root: string, key: string): Promise<StoredFile | null> {
    const absolute = this._paths.absolute(root);
    let store = this._stores.get(absolute);
    if (!store) {
      store = Store.open(absolute);
      this._stores.set(absolute, store);
      // What is no OME-Zarr now may be one soon.
      store.catch(() => this._stores.delete(absolute));
      if (this._stores.size > STORES) {
        this._stores.delete([...this._stores.keys()][0]);
      }
    }
    const file = await (await store).find(key);
    if (!file) {
      // Missing chunks are an OME-Zarr's right; a missing OME-Zarr is not many missing chunks.
      this._stores.set(absolute, Store.open(absolute));
      await this._stores.get(absolute)!.catch((error: unknown) => {
        this._stores.delete(absolute);
        throw error;
      });
    }
    return file;
  }

  private _source(source: Source): Source {
    return Array.isArray(source) ? source.map(path => this._paths.absolute(path)) : this._paths.absolute(source);
  }

  private _options(options: Methods['start']['params']['options'] = {}): Methods['start']['params']['options'] {
    const { output, parent } = options;
    // A name alone is one in the parent's folder of labels.
    const isInParent = parent != null && output != null && isName(output);
    return {
      ...options,
      ...(parent != null && { parent: this._paths.absolute(parent) }),
      ...(output != null && !isInParent && { output: this._paths.absolute(output) })
    };
  }

  private _texts(texts: string[]): string[] {
    return texts.map(text => this._paths.inText(text));
  }

  private _info<T extends VolumeInfo | OmeZarrInfo>(info: T): T {
    return {
      ...info,
      source: this._paths.show(resolve(this._paths.root, info.source)),
      warnings: this._texts(info.warnings)
    };
  }

  private _shown(source: Source): Source {
    return Array.isArray(source) ? source.map(path => this._paths.show(path)) : this._paths.show(source);
  }

  private _shownOptions(options: Job['options']): Job['options'] {
    const { output, parent } = options;
    return {
      ...options,
      ...(output != null && { output: this._paths.show(output) }),
      ...(parent != null && { parent: this._paths.show(parent) })
    };
  }

  private _job(job: Job): Job {
    const show = (path: string): string => this._paths.show(path);
    return {
      ...job,
      source: this._shown(job.source),
      output: job.output === null ? null : show(job.output),
      options: this._shownOptions(job.options),
      error: job.error && this._failure(job.error),
      result: job.result && {
        ...job.result,
        output: show(job.result.output),
        warnings: this._texts(job.result.warnings)
      },
      verdict: job.verdict && {
        ...job.verdict,
        differences: job.verdict.differences.map(each => ({ ...each, message: this._paths.inText(each.message) })),
        notes: this._texts(job.verdict.notes),
        output: show(job.verdict.output),
        against: job.verdict.against && show(job.verdict.against)
      }
    };
  }
}
