import type { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';
import type { LayerSource } from './layers.ts';
import type { ViewerState } from './viewState.ts';

/**
 * An OME-Zarr that a viewer shows: its name, and Neuroglancer's address of its folder at present, with a slash at the
 * end.
 */
export interface Root {
  name: string;
  url: string;
}

/**
 * `volume://NAME/KEY`, in a state that is kept: a folder of the volume of that name, wherever it is read from the next
 * time.
 */
const VOLUME = 'volume://';
/** `server:///PATH`: the same for files of the page's own server, whatever its port and prefix are the next time. */
const SERVER = 'server:///';

/** A volume's address in a state that is kept. */
export const addressIn = (name: string): string => `${VOLUME}${encodeURIComponent(name)}/`;

/**
 * Takes the addresses of a session out of states and puts those of another in. All else of a state stays as it is:
 * layers that a person has added, renamed or drawn, and addresses of other servers.
 */
export class Addresses {
  readonly #roots: Root[];
  readonly #server: string | undefined;
  readonly #sources: ReadonlyMap<string, LayerSource>;

  /**
   * @param server address, with a slash at the end, below which the page's server has its files
   * @param sources the source of each layer of the volumes, by the name that the layer has at first: states may come
   *   without sources
   */
  constructor(roots: Root[], server: string | undefined, sources: ReadonlyMap<string, LayerSource>) {
    this.#roots = roots;
    this.#server = server;
    this.#sources = sources;
  }

  /** The state as it can be kept. */
  keep(state: ViewerState): ViewerState {
    return eachLayer(state, layer => withSource(layer, url => this.#kept(url)));
  }

  /** A state that was kept, or that somebody wrote, as Neuroglancer can take it now. */
  restore(state: ViewerState): ViewerState {
    return eachLayer(state, layer => {
      const own = this.#sources.get(String(layer.name));
      if (layer.source === undefined) return own === undefined ? layer : { ...layer, source: own };
      return withSource(layer, url => this.#live(url, typeof own === 'object' ? own.url : own));
    });
  }

  #kept(url: string): string {
    const root = this.#rootOf(url);
    if (root) return addressIn(root.name) + url.slice(root.url.length);
    if (this.#server && url.startsWith(this.#server)) return SERVER + url.slice(this.#server.length);
    return url;
  }

  #live(url: string, own: string | undefined): string {
    if (url.startsWith(SERVER) && this.#server) return this.#server + url.slice(SERVER.length);
    if (url.startsWith(VOLUME)) {
      const root = this.#roots.find(({ name }) => url.startsWith(addressIn(name)));
      return root ? root.url + url.slice(addressIn(root.name).length) : url;
    }
    if (this.#rootOf(url) || !isOfASession(url, this.#server)) return url;
    // As states were kept once, and as people copy them: with the address that the volume had then.
    if (own !== undefined) return own;
    for (const root of this.#roots) {
      const folder = `/${lastSegment(root.url) ?? encodeURIComponent(root.name)}/`;
      const at = url.lastIndexOf(folder);
      if (at >= 0) return root.url + url.slice(at + folder.length);
    }
    return url;
  }

  #rootOf(url: string): Root | undefined {
    return this.#roots.find(root => url.startsWith(root.url));
  }
}

/** The name of the OME-Zarr that an address in a restored state means, if no volume of that name is open here. */
export function volumeNotOpen(url: string): string | null {
  const [, name] = /^volume:\/\/([^/|]*)/.exec(url) ?? [];
  return name === undefined ? null : decodeURIComponent(name);
}

/**
 * Whether an address holds in one page or for one run of a server only: it may be that of a volume that is open here
 * under another.
 */
function isOfASession(url: string, server: string | undefined): boolean {
  if (url.startsWith('reader://')) return true;
  const host = hostOf(url);
  if (host === null) return false;
  return /^(localhost|127\.[\d.]+|\[::1\])$/.test(host) || (server !== undefined && host === hostOf(server));
}

function hostOf(url: string): string | null {
  return /^https?:\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^/:]*)/i.exec(url)?.[1].toLowerCase() ?? null;
}

const lastSegment = (url: string): string | undefined =>
  /^https?:/.test(url) ? url.split('/').filter(Boolean).pop() : undefined;

export function eachLayer(state: ViewerState, change: (layer: PartialJSONObject) => PartialJSONObject): ViewerState {
  const { layers } = state;
  if (!Array.isArray(layers)) return state;
  return { ...state, layers: layers.map(layer => (isObject(layer) ? change(layer) : layer)) };
}

/** A layer's sources are an address, an object with one and how it is laid out, or a list of these. */
export function withSource(layer: PartialJSONObject, change: (url: string) => string): PartialJSONObject {
  const one = (source: PartialJSONValue | undefined): PartialJSONValue | undefined => {
    if (typeof source === 'string') return change(source);
    if (isObject(source) && typeof source.url === 'string') return { ...source, url: change(source.url) };
    return source;
  };
  const { source } = layer;
  if (source === undefined) return layer;
  return { ...layer, source: Array.isArray(source) ? (source.map(one) as PartialJSONValue[]) : one(source) };
}

const isObject = (value: PartialJSONValue | undefined): value is PartialJSONObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
