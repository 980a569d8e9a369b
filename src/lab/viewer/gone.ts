import type { Contents } from '@jupyterlab/services';
import { ServerConnection } from '@jupyterlab/services';

/** Whether the server has nothing at a path. */
export const isGone = (contents: Contents.IManager, path: string): Promise<boolean> =>
  contents.get(path, { content: false }).then(
    () => false,
    error => error instanceof ServerConnection.ResponseError && error.response.status === 404
  );
