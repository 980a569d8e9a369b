import type { ViewerState } from './viewState.ts';

const KEY = 'microct-io-vis:views';

/**
 * Calls `read` when the page goes away, and lets the browser keep the views that it answers with, by names, for the
 * page's next life in the same tab: where views are kept otherwise, those of the last seconds come too late.
 */
export function keepLastViews(read: () => Record<string, ViewerState>): void {
  window.addEventListener('pagehide', () => {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(read()));
    } catch {
      // A browser that keeps nothing, or not so much.
    }
  });
}

/** The views that the page's last life left, once. */
export function takeLastViews(): Record<string, ViewerState> {
  try {
    const kept = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return kept === null ? {} : (JSON.parse(kept) as Record<string, ViewerState>);
  } catch {
    return {};
  }
}
