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
 * Questions to the Python side of a widget over its own comm. Python's answers reach every page that shows the widget; each page
 * knows its own by their ids.
 */
export class Requests {
  constructor(model: WidgetModel) {
    this._model = model;
    model.on('msg:custom', this._take, this);
    model.on('comm_live_update', this._checkAlive, this);
    model.on('comm:close destroy', this._lost, this);
  }

  /** Rejects with a `WidgetError` when Python says so, and when the kernel is gone. */
  ask<T>(method: string, params: JSONObject, signal?: AbortSignal): Promise<KernelReply<T>> {
    if (!this._model.comm_live) {
      return Promise.reject(new WidgetError(GONE));
    }
    const id = `${this._page}:${++this._count}`;
    return new Promise<KernelReply<T>>((resolve, reject) => {
      this._waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      signal?.addEventListener('abort', () => {
        if (this._waiting.delete(id)) {
          reject(new DOMException('no longer wanted', 'AbortError'));
        }
      });
      this._model.send({ id, method, params });
    });
  }

  private _take(content: { id?: string; result?: unknown; error?: Failure }, buffers: DataView[] = []): void {
    const waiting = content.id === undefined ? undefined : this._waiting.get(content.id);
    if (!waiting) {
      return;
    }
    this._waiting.delete(content.id!);
    if (content.error) {
      waiting.reject(new WidgetError(content.error));
    } else {
      waiting.resolve({ result: content.result as never, buffers });
    }
  }

  private _checkAlive(): void {
    if (!this._model.comm_live) {
      this._lost();
    }
  }

  private _lost(): void {
    const waiting = [...this._waiting.values()];
    this._waiting.clear();
    waiting.forEach(({ reject }) => reject(new WidgetError(GONE)));
  }

  private readonly _model: WidgetModel;
  private readonly _page = UUID.uuid4();
  private readonly _waiting = new Map<string, Waiting>();
  private _count = 0;
}

const GONE: Failure = {
  code: 'internal',
  message: 'The kernel of this notebook no longer answers: run the cell again.',
  field: null
};
