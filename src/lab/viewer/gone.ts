import type { Contents } from '@jupyterlab/services';
import { ServerConnection } from '@jupyterlab/services';
import { isAbsolute } from '../../form/output.ts';
import { isAddress } from '../../model/address.ts';
import type { IHelper } from '../helper.ts';

/** Whether the server has nothing at a path. */
export const isGone = (contents: Contents.IManager, path: string): Promise<boolean> =>
  contents.get(path, { content: false }).then(
    () => false,
    error => error instanceof ServerConnection.ResponseError && error.response.status === 404
  );

/**
 * Number of the first volume that is no longer at its path, where those at `paths` could not be opened; -1 where all
 * are, or that is not known, as of one at an address.
 */
export async function firstGone(
  paths: readonly string[],
  helper: IHelper,
  contents: Contents.IManager
): Promise<number> {
  const isLost = async (path: string): Promise<boolean> => {
    // Of one at an address the error says why it is not had.
    if (isAddress(path)) return false;
    return isAbsolute(path) ? !(await helper.request('locate', { path })).exists : isGone(contents, path);
  };
  return (await Promise.all(paths.map(path => isLost(path).catch(() => false)))).indexOf(true);
}
