import type { Contents } from '@jupyterlab/services';
import { ServerConnection } from '@jupyterlab/services';
import { isAbsolute } from '../../form/output.ts';
import { isAddress } from '../../model/address.ts';
import { HelperError } from '../../protocol/error.ts';
import type { IHelper } from '../helper.ts';

/** Whether the server has nothing at a path. */
export const isGone = (contents: Contents.IManager, path: string): Promise<boolean> =>
  contents.get(path, { content: false }).then(
    () => false,
    error => error instanceof ServerConnection.ResponseError && error.response.status === 404
  );

/**
 * Number of the first volume that is no longer at its path, where those at `paths` could not be opened; -1 where all
 * are, or that is not known.
 */
export async function firstGone(
  paths: readonly string[],
  error: unknown,
  helper: IHelper,
  contents: Contents.IManager
): Promise<number> {
  // By its name: its class comes with the viewer.
  const isAbsent = error instanceof Error && error.name === 'AbsentError';
  const isNotFound = isAbsent || (error instanceof HelperError && error.code === 'not-found');
  const isLost = async (path: string): Promise<boolean> => {
    // The helper says of one at an address why it is not had.
    if (isAddress(path)) return isNotFound && paths.length === 1;
    return isAbsolute(path) ? !(await helper.request('locate', { path })).exists : isGone(contents, path);
  };
  return (await Promise.all(paths.map(path => isLost(path).catch(() => false)))).indexOf(true);
}
