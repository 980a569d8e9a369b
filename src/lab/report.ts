import { showErrorMessage } from '@jupyterlab/apputils';

/** Does what a person has asked for, and tells them where that fails; answers with what came of it, or undefined. */
export async function report<T>(title: string, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    await showErrorMessage(title, error as Error);
    return undefined;
  }
}
