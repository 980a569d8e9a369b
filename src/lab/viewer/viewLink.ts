import type { LookOptions } from '../../protocol/index.ts';
import type { ViewerState } from '../../viewer/index.ts';
import { type AsLabels, readAsLabels } from './way.ts';

/** Volumes and how they are looked at. */
export interface View {
  paths: string[];
  /** How those are read that are no OME-Zarrs. */
  options?: LookOptions;
  asLabels?: AsLabels;
  /** Whether the paths are the slices of one volume. */
  isStack?: boolean;
  state: ViewerState;
}

/** Parameter of an address of JupyterLab that holds a view. A login keeps what stands before a `#`, and no more. */
const PARAMETER = 'microct-view';

/** Longer addresses are refused by some servers on the way. */
const LONGEST = 7000;

/**
 * An address below `lab`, which ends in no slash, that opens a view.
 *
 * @throws Error where it would be too long to arrive
 */
export async function linkOf(lab: string, view: View): Promise<string> {
  const json = new TextEncoder().encode(JSON.stringify(view));
  const packed = await through(json, new CompressionStream('deflate-raw'));
  const text = btoa(Array.from(packed, byte => String.fromCharCode(byte)).join(''));
  const link = `${lab}?${PARAMETER}=${text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
  if (link.length > LONGEST) {
    throw new Error(
      `A link to this view would have ${link.length} characters, and servers refuse addresses of more than ${LONGEST}: export the measurements, or copy the state, and send that.`
    );
  }
  return link;
}

/** The pattern of an address that holds a view. */
export const LINK = new RegExp(`[?&]${PARAMETER}=([\\w-]*)`);

/**
 * The view in an address; null where there is none.
 *
 * @throws Error with what is wrong with it
 */
export async function viewIn(address: string): Promise<View | null> {
  const [, text] = LINK.exec(address) ?? [];
  if (text === undefined) return null;
  try {
    const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const packed = Uint8Array.from(bytes, character => character.charCodeAt(0));
    const json = await through(packed, new DecompressionStream('deflate-raw'));
    const { paths, options, asLabels, isStack, state } = JSON.parse(new TextDecoder().decode(json)) as Partial<View>;
    const isView = Array.isArray(paths) && paths.length > 0 && paths.every(path => typeof path === 'string');
    if (!isView || typeof state !== 'object' || state === null) throw new Error();
    return {
      paths,
      ...(options && { options }),
      ...(asLabels && { asLabels: readAsLabels(asLabels) }),
      ...(isStack === true && { isStack }),
      state
    };
  } catch {
    throw new Error('The link to a view is not whole: part of it was lost on its way. Copy it again, all of it.');
  }
}

/** The address without the view. */
export const withoutView = (address: string): string => address.replace(LINK, '').replace(/^([^?]*)&/, '$1?');

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream
): Promise<Uint8Array<ArrayBuffer>> {
  const body = new Response(new Blob([bytes]).stream().pipeThrough(stream));
  return new Uint8Array(await body.arrayBuffer());
}
