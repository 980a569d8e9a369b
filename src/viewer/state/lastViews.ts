import type { ViewerState } from './viewState.ts';

const KEY = 'microct-io-vis:views';

type Views = Record<string, ViewerState>;

const readers: (() => Views)[] = [];
let taken: Views | null = null;

/**
 * Calls `read` when the page goes away, and lets the browser keep the views that it answers with, by names, for the
 * page's next life in the same tab: where views are kept otherwise, those of the last seconds come too late.
 */
export function keepLastViews(read: () => Views): void {
  if (readers.push(read) > 1) return;
  window.addEventListener('pagehide', () => {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(Object.assign({}, ...readers.map(each => each()))));
    } catch {
      // A browser that keeps nothing, or not so much.
    }
  });
}

/** The views that the page's last life left. */
export function takeLastViews(): Views {
  if (taken) return taken;
  try {
    const kept = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    taken = kept === null ? {} : (JSON.parse(kept) as Views);
  } catch {
    taken = {};
  }
  return taken;
}
