import { Notification } from '@jupyterlab/apputils';
import type { Workspace } from '@jupyterlab/services';

/** Milliseconds until the layout is sent again that the server did not keep. */
const AGAIN = 15_000;

/** How the layout of one workspace is kept. */
interface Saving {
  /** Number of the last one that was sent: an earlier one is not sent over it. */
  turn: number;
  again: ReturnType<typeof setTimeout> | undefined;
  /** The note; null while there is none. */
  told: string | null;
}

/**
 * Says that the server does not keep the layout, and with it the views and what was drawn in them, and sends it again:
 * JupyterLab tells nobody, and waits for the next change.
 *
 * @param isConcerned whether there are views to be kept
 */
export function watchLayout(workspaces: Workspace.IManager, isConcerned: () => boolean): void {
  const save = workspaces.save.bind(workspaces);
  const states = new Map<string, Saving>();
  workspaces.save = async (id, layout) => {
    const state = states.get(id) ?? { turn: 0, again: undefined, told: null };
    states.set(id, state);
    clearTimeout(state.again);
    // JupyterLab does not wait for one before it sends the next.
    const turn = ++state.turn;
    try {
      await save(id, layout);
      if (turn === state.turn && state.told !== null) {
        Notification.dismiss(state.told);
        state.told = null;
      }
    } catch (error) {
      if (turn !== state.turn) throw error;
      state.again = setTimeout(() => void workspaces.save(id, layout).catch(() => undefined), AGAIN);
      if (state.told === null && isConcerned()) {
        const why = error instanceof Error ? error.message : String(error);
        state.told = Notification.error(
          // JupyterLab cuts what is longer than 140 characters.
          `Views and measurements are not kept: leave this page open until this goes. ${why}`,
          { autoClose: false }
        );
      }
      throw error;
    }
  };
}
