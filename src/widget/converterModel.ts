import type { IBackboneModelOptions, ISerializers } from '@jupyter-widgets/base';
import { DOMWidgetModel, unpack_models } from '@jupyter-widgets/base';
import type { JSONObject, JSONValue } from '@lumino/coreutils';
import type { Planner, ShowPicture } from '../form/index.ts';
import { asVolume, baseName } from '../form/index.ts';
import type { Failure, OmeZarrInfo, Plan, Progress, Source, VolumeInfo } from '../protocol/index.ts';
import type { ViewerSource } from '../viewer/index.ts';
import { absolute } from './absolute.ts';
import { readFile } from './files.ts';
import type { OptionTraits } from './options.ts';
import { DEFAULT_TRAITS, toTraits } from './options.ts';
import { Requests } from './requests.ts';
import { MODULE_NAME, MODULE_VERSION } from './version.ts';
import type { ViewerModel } from './viewerModel.ts';

export type ConverterState = 'idle' | 'running' | 'done' | 'failed' | 'cancelled';

/** Result of a finished conversion, as far as it is shown. */
export interface ShownResult {
  /** Of several sources the folder that was chosen, if one was. */
  output: string | null;
  seconds: number;
  /** Of several sources: those that are written, and those that are not. */
  results?: (ShownResult & { source: string; output: string })[];
  leftOut?: { source: string; message: string }[];
  levels?: number;
  bytesWritten?: number;
  warnings?: string[];
}

/** Its progress, and for several sources the one that it is at. */
export type ShownProgress = Progress & { source?: string; number?: number; count?: number };

/** The options, and what several paths are. */
export type Chosen = OptionTraits & { each: boolean | null };

/**
 * The browser's side of a `ConverterWidget`: one a page, however many views show it. Python has the last word on all of
 * it.
 */
export class ConverterModel extends DOMWidgetModel {
  override defaults(): Record<string, unknown> {
    return {
      ...super.defaults(),
      _model_name: 'ConverterModel',
      _model_module: MODULE_NAME,
      _model_module_version: MODULE_VERSION,
      _view_name: 'ConverterView',
      _view_module: MODULE_NAME,
      _view_module_version: MODULE_VERSION,
      ...DEFAULT_TRAITS,
      source: '',
      each: null,
      state: 'idle',
      progress: {},
      error: null,
      result: null,
      viewer: null,
      _folders: { cwd: '', home: '' }
    };
  }

  override initialize(attributes: Record<string, unknown>, options: IBackboneModelOptions): void {
    super.initialize(attributes, options);
    this.requests = new Requests(this);
    this.planner = {
      inspect: async source => asVolume(await this._ask<VolumeInfo | OmeZarrInfo>('inspect', { source })),
      estimate: async (source, options) => {
        return this._ask<Plan>('estimate', { source, options: toTraits(options, source) });
      }
    };
    this.showPicture = async (host, source, reading, choice, signal) => {
      if (typeof source !== 'string') {
        throw new Error('In a notebook the picture shows a file or a folder, and no list of slices.');
      }
      const shown = { source, options: toTraits(reading, source) };
      const { createChooser } = await import('../viewer/index.ts');
      const close = (): void => this.send({ method: 'close-picture' });
      const files = {
        name: baseName(source),
        reader: (key, wanted, signal) => readFile(this.requests, shown, key, wanted, signal)
      } satisfies ViewerSource;
      const picture = await createChooser(host, files, choice, signal).catch((error: unknown) => {
        close();
        throw error;
      });
      const { dispose } = picture;
      picture.dispose = () => {
        dispose();
        close();
      };
      return picture;
    };
  }

  get state(): ConverterState {
    return this.get('state') as ConverterState;
  }

  /** The source by absolute paths on the kernel's machine; empty when there is none yet. */
  get source(): Source {
    const source = this.get('source') as Source;
    return typeof source === 'string' ? source && this._absolute(source) : source.map(path => this._absolute(path));
  }

  get failure(): Failure | null {
    return this.get('error') as Failure | null;
  }

  get viewer(): ViewerModel | null {
    return this.get('viewer') as ViewerModel | null;
  }

  get progress(): ShownProgress | null {
    const progress = camelKeys(this.get('progress') as JSONObject) as unknown as ShownProgress;
    return progress.totalBytes === undefined ? null : progress;
  }

  get result(): ShownResult | null {
    const result = this.get('result') as JSONObject | null;
    return result && (camelKeys(result) as unknown as ShownResult);
  }

  /**
   * The options that are set, with absolute paths; a target that is a name in its parent's folder of labels stays one.
   */
  get options(): Chosen {
    const names = Object.keys(DEFAULT_TRAITS);
    const traits = Object.fromEntries(names.map(name => [name, this.get(name) as unknown])) as unknown as OptionTraits;
    const { target, parent } = traits;
    const isInParent = parent !== null && !/[\\/]/.test(target ?? '');
    return {
      ...traits,
      each: this.get('each') as boolean | null,
      parent: parent === null ? null : this._absolute(parent),
      target: target === null || isInParent ? target : this._absolute(target)
    };
  }

  setOptions(change: Partial<Chosen>): void {
    this.set(change);
    this.save_changes();
  }

  setSource(source: Source): void {
    this.set({ source });
    this.save_changes();
  }

  /** Starts with exactly these options: a change of a trait may be on its way more slowly than this message. */
  start(chosen: Partial<Chosen>): void {
    this.send({ method: 'start', params: chosen as unknown as JSONObject });
  }

  cancel(): void {
    this.send({ method: 'cancel' });
  }

  private _absolute(path: string): string {
    const { cwd, home } = this.get('_folders') as { cwd: string; home: string };
    return absolute(path, cwd, home);
  }

  private async _ask<T>(method: string, params: object): Promise<T> {
    const { result } = await this.requests.ask<JSONObject>(method, params as JSONObject);
    return camelKeys(result) as T;
  }

  static override serializers: ISerializers = {
    ...DOMWidgetModel.serializers,
    viewer: { deserialize: unpack_models }
  };

  // Made in `initialize`, which Backbone calls before fields get their values.
  declare requests: Requests;
  declare planner: Planner;
  declare showPicture: ShowPicture;
}

/** Python's names into the protocol's, at any depth: `bytes_per_second` → `bytesPerSecond`. */
function camelKeys(value: JSONValue): unknown {
  if (Array.isArray(value)) {
    return value.map(camelKeys);
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  const camel = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [camel(name), camelKeys(item)]));
}
