import type { IBackboneModelOptions, WidgetModel } from '@jupyter-widgets/base';
import { DOMWidgetModel } from '@jupyter-widgets/base';
import { uniqueNames } from '../protocol/names.ts';
import type { ViewerSource, ViewerState } from '../viewer/index.ts';
import { readFile } from './files.ts';
import { MODULE_NAME, MODULE_VERSION } from './version.ts';
import type { Before, Place } from './place.ts';
import { filesOf } from './listing.ts';
import { findOnServer } from './place.ts';
import { Requests } from './requests.ts';
import { whereItIs } from './whereItIs.ts';

/** Traits of a view that the page reports, and Python sets. */
const SHARED = ['state', 'position', 'selection', '_measurements', '_looks'];

/** A view that may have a picture. */
interface Drawn {
  readonly isDrawn: boolean;
}

/** The browser's side of a `ViewerWidget`: one a page, however many views show it. */
export class ViewerModel extends DOMWidgetModel {
  override defaults(): Record<string, unknown> {
    return {
      ...super.defaults(),
      _model_name: 'ViewerModel',
      _model_module: MODULE_NAME,
      _model_module_version: MODULE_VERSION,
      _view_name: 'ViewerView',
      _view_module: MODULE_NAME,
      _view_module_version: MODULE_VERSION,
      source: '',
      labels: [],
      state: {},
      position: null,
      selection: null,
      pick: null,
      _looks: [],
      _link: '',
      _measurements: [],
      _wishes: {},
      _asked: 0,
      height: '480px',
      _places: []
    };
  }

  override initialize(attributes: Record<string, unknown>, options: IBackboneModelOptions): void {
    super.initialize(attributes, options);
    this.requests = new Requests(this);
  }

  /**
   * Adds to the shared traits which of Python's wishes this page knows: Python ignores values that crossed a wish on
   * their way.
   */
  override sync(method: string, model: WidgetModel, options: { attrs?: object } = {}): unknown {
    const { attrs } = options;
    const known =
      attrs && SHARED.some(name => name in attrs) ? { attrs: { ...attrs, _asked: this.get('_asked') as number } } : {};
    return super.sync(method, model, { ...options, ...known });
  }

  /**
   * Where the viewer gets the volumes: at addresses of the server, or from Python. Each is found once for each time
   * that the files are opened; more may be laid over them meanwhile.
   */
  findSources(): Promise<ViewerSource[]> {
    const places = this.get('_places') as Place[];
    const { load } = places[0];
    if (this._found?.load !== load) this._found = { load, sources: [] };
    const { sources } = this._found;
    const names = uniqueNames(places.map(({ paths, name }) => name ?? paths[0]));
    for (const [n, place] of places.entries()) {
      sources[n] ??= this._findSource(place, n, names[n]).then(source => ({
        ...source,
        asLabels: place.asLabels === true
      }));
    }
    return Promise.all(sources);
  }

  /** A state that was kept, of volumes that have been moved since, or are `removed`. */
  whereItIs(state: ViewerState, sources: readonly ViewerSource[], removed: readonly Before[] = []): ViewerState {
    const places = this.get('_places') as Place[];
    return whereItIs(
      state,
      sources.map(({ name }, n) => ({ name, before: places[n].before })),
      removed
    );
  }

  /** The view that answers for all: one that has a picture. */
  photographer(asked: Drawn): Drawn {
    return (this._photographer = this._photographer?.isDrawn ? this._photographer : asked);
  }

  private async _findSource(place: Place, volume: number, name: string): Promise<ViewerSource> {
    const path = await findOnServer(place, this._notebook());
    if (path !== null) {
      return filesOf(name, path);
    }
    const opened = { load: place.load, volume };
    return { name, reader: (key, wanted, signal) => readFile(this.requests, opened, key, wanted, signal) };
  }

  /** Path of the notebook relative to the server's root; null in a console, or in another front end. */
  private _notebook(): string | null {
    const { context } = this.widget_manager as { context?: { localPath?: string } };
    return context?.localPath ?? null;
  }

  // Made in `initialize`, which Backbone calls before fields get their values.
  declare requests: Requests;
  declare private _photographer?: Drawn;
  declare private _found?: { load: number; sources: Promise<ViewerSource>[] };
}
