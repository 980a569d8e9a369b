import type { WidgetModel } from '@jupyter-widgets/base';
import type { JSONObject } from '@lumino/coreutils';
import { UUID } from '@lumino/coreutils';
import type { Failure } from '../protocol/index.ts';

export interface KernelReply<T> {
  result: T;
  buffers: DataView[];
}

/** A failure that Python told of. */
export class WidgetError extends Error implements Failure {
  override readonly name = 'WidgetError';
  readonly code: Failure['code'];
  readonly field: Failure['field'];
  readonly at: Failure['at'];
  readonly options: Failure['options'];
  readonly problems: Failure['problems'];

  constructor(failure: Failure) {
    super(failure.message);
    this.code = failure.code;
    this.field = failure.field;
    this.at = failure.at;
    this.options = failure.options;
    this.problems = failure.problems;
  }
}

interface Waiting {
  resolve: (answer: KernelReply<never>) => void;
  reject: (error: Error) => void;
}

/**
 * Questions to the Python side of a widget over its own comm. Python's answers reach every page that shows the widget;
 * each page knows its own by their ids.
 */
export class Requests {
  constructor(model: WidgetModel) {
    this.#model = model;
    model.on('msg:custom', this.#take, this);
    model.on('comm_live_update', this.#checkAlive, this);
    model.on('comm:close destroy', this.#lost, this);
  }

  /** Rejects with a `WidgetError` when Python says so, and when the kernel is gone. */
  ask<T>(method: string, params: JSONObject, signal?: AbortSignal): Promise<KernelReply<T>> {
    if (!this.#model.comm_live) {
      return Promise.reject(new WidgetError(GONE));
    }
    const id = `${this.#page}:${++this.#count}`;
    return new Promise<KernelReply<T>>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      signal?.addEventListener('abort', () => {
        if (this.#waiting.delete(id)) {
          reject(new DOMException('no longer wanted', 'AbortError'));
        }
      });
      this.#model.send({ id, method, params });
    });
  }

  #take(content: { id?: string; result?: unknown; error?: Failure }, buffers: DataView[] = []): void {
    const waiting = content.id === undefined ? undefined : this.#waiting.get(content.id);
    if (!waiting) {
      return;
    }
    this.#waiting.delete(content.id!);
    if (content.error) {
      waiting.reject(new WidgetError(content.error));
    } else {
      waiting.resolve({ result: content.result as never, buffers });
    }
  }

  #checkAlive(): void {
    if (!this.#model.comm_live) {
      this.#lost();
    }
  }

  #lost(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    waiting.forEach(({ reject }) => reject(new WidgetError(GONE)));
  }

  readonly #model: WidgetModel;
  readonly #page = UUID.uuid4();
  readonly #waiting = new Map<string, Waiting>();
  #count = 0;
}

const GONE: Failure = {
  code: 'internal',
  message: 'The kernel of this notebook no longer answers: run the cell again.',
  field: null
};
