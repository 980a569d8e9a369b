import { Notification } from '@jupyterlab/apputils';
import type { Workspace } from '@jupyterlab/services';

/** Milliseconds until the layout is sent again that the server did not keep. */
const AGAIN = 15_000;

/**
 * Says that the server does not keep the layout, and with it the views and what was drawn in them, and sends it again:
 * JupyterLab tells nobody, and waits for the next change.
 *
 * @param isConcerned whether there are views to be kept
 */
export function watchLayout(workspaces: Workspace.IManager, isConcerned: () => boolean): void {
  const save = workspaces.save.bind(workspaces);
  let again: ReturnType<typeof setTimeout> | undefined;
  let told: string | null = null;
  workspaces.save = async (...layout) => {
    clearTimeout(again);
    try {
      await save(...layout);
      if (told !== null) Notification.dismiss(told);
      told = null;
    } catch (error) {
      again = setTimeout(() => void workspaces.save(...layout).catch(() => undefined), AGAIN);
      if (told === null && isConcerned()) {
        const why = error instanceof Error ? error.message : String(error);
        told = Notification.error(
          // JupyterLab cuts what is longer than 140 characters.
          `Views and measurements are not kept: leave this page open until this note goes, or export them (List, CSV). ${why}`,
          { autoClose: false }
        );
      }
      throw error;
    }
  };
}
