import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { ViewerSource } from '../viewer/index.ts';

/** Names in a folder of the server: `none` where there is no such folder, null where the server does not say. */
export type Names = string[] | 'none' | null;

/**
 * Lists a folder below the server's root. Browsers note each file that is asked for and is not there as an error; a
 * list is always there.
 */
export async function listFolder(path: string): Promise<Names> {
  const settings = ServerConnection.makeSettings();
  const url = `${URLExt.join(settings.baseUrl, 'api/contents', URLExt.encodeParts(path))}?type=directory&content=1`;
  try {
    const response = await ServerConnection.makeRequest(url, { cache: 'no-store' }, settings);
    if (response.status === 404) return 'none';
    const { content } = (await response.json()) as { content?: unknown };
    return response.ok && Array.isArray(content) ? content.map(({ name }: { name: string }) => name) : null;
  } catch {
    return null;
  }
}

/**
 * Whether the server refuses a file that it lists to one who is logged in: where a link leads out of its root, it lists
 * what is there, and sends none of it.
 */
export async function isWithheld(path: string): Promise<boolean> {
  const settings = ServerConnection.makeSettings();
  const url = URLExt.join(settings.baseUrl, 'files', URLExt.encodeParts(path));
  try {
    const { status } = await ServerConnection.makeRequest(url, { method: 'HEAD', cache: 'no-store' }, settings);
    return status === 403 || status === 404;
  } catch {
    return false;
  }
}

/** An OME-Zarr below the server's root as the server's `/files/` have it. */
export function filesOf(name: string, path: string): ViewerSource {
  const { baseUrl } = ServerConnection.makeSettings();
  return {
    name,
    url: URLExt.join(baseUrl, 'files', URLExt.encodeParts(path)),
    list: async () => {
      const names = await listFolder(path);
      return names === 'none' ? null : names;
    }
  };
}
