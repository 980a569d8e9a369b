import type { WidgetModel } from '@jupyter-widgets/base';
import type { JSONObject } from '@lumino/coreutils';
import { UUID } from '@lumino/coreutils';
import { HelperError } from '../protocol/error.ts';
import type { Failure } from '../protocol/index.ts';

export interface KernelReply<T> {
  result: T;
  buffers: DataView[];
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

  /** Rejects with a `HelperError` when Python says so, and when the kernel is gone. */
  ask<T>(method: string, params: JSONObject, signal?: AbortSignal): Promise<KernelReply<T>> {
    if (!this.#model.comm_live) {
      return Promise.reject(gone());
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
      waiting.reject(new HelperError(content.error.code, content.error.message, content.error));
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
    waiting.forEach(({ reject }) => reject(gone()));
  }

  readonly #model: WidgetModel;
  readonly #page = UUID.uuid4();
  readonly #waiting = new Map<string, Waiting>();
  #count = 0;
}

const gone = (): HelperError =>
  new HelperError('lost', 'The kernel of this notebook no longer answers: run the cell again.');
