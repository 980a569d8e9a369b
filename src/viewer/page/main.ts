// The page of `microct-io-vis view`: the volumes that its server lists, without Jupyter. The view is kept in the
// address, as Neuroglancer does.
import type { ViewerState } from '../index.ts';
import { keepLastViews, takeLastViews } from '../state/lastViews.ts';
import { goingOn } from '../state/renamed.ts';
import type { ViewerSource } from '../transport/source.ts';
import { sourceBelow } from '../transport/source.ts';
import { startWorker } from '../worker/startedWorker.ts';
import './page.css';

interface Listing {
  sources: { name: string; url: string; sampled?: boolean }[];
}

/** Milliseconds of rest before a changed view is kept. */
const SETTLED = 300;

// Both need as long as each other.
startWorker();
const loading = import(/* webpackChunkName: "viewer" */ '../index.ts');
const host = document.getElementById('viewer')!;
try {
  const [{ createViewer }, response] = await Promise.all([loading, fetch('sources.json')]);
  if (!response.ok) {
    throw new Error(`The list of volumes could not be read (${response.status}): start the command again.`);
  }
  const { sources } = (await response.json()) as Listing;
  const chosen = new URLSearchParams(location.search);
  const shown: (ViewerSource & { sampled?: boolean })[] = sources.map((source, n) => {
    const path = chosen.get(`image${n}`);
    return path === null ? source : sourceBelow(source, path);
  });
  const entitle = (): void => {
    const titles = shown.map(({ name, sampled }) => (sampled ? `${name} (coarser levels sampled)` : name));
    document.title = titles.join(', ');
  };
  entitle();
  let settled: ReturnType<typeof setTimeout> | undefined;
  let written = '';
  // By the address that they are newer than.
  const last = takeLastViews()[location.hash];
  const viewer = await createViewer(host, {
    source: shown,
    imageIn: async (n, path) => {
      // A reload, and who copies the address, finds it again.
      chosen.set(`image${n}`, path);
      history.replaceState(null, '', `?${chosen}${location.hash}`);
      shown[n] = sourceBelow(sources[n], path);
      entitle();
      return shown[n];
    },
    state: last ?? stateInAddress(shown),
    server: new URL('.', document.baseURI).href,
    whereTo:
      'If it is elsewhere now, start microct-io-vis view with its new path. A view in this page’s address (from #! on) goes on there behind the new address.',
    link: state => Promise.resolve(new URL(addressOf(state), location.href).href),
    onState: () => {
      clearTimeout(settled);
      settled = setTimeout(() => {
        written = addressOf(viewer.getState());
        history.replaceState(null, '', written);
      }, SETTLED);
    }
  });
  keepLastViews(() => ({ [location.hash]: viewer.getState() }));
  window.addEventListener('hashchange', () => {
    const state = location.hash === written ? undefined : stateInAddress(shown);
    if (state) viewer.setState(state);
  });
} catch (error) {
  host.textContent = error instanceof Error ? error.message : String(error);
}

function addressOf(state: ViewerState): string {
  return `#!${encodeURIComponent(JSON.stringify(state))}`;
}

function stateInAddress(shown: readonly ViewerSource[]): ViewerState | undefined {
  if (!location.hash.startsWith('#!')) return undefined;
  try {
    const state = JSON.parse(decodeURIComponent(location.hash.slice(2))) as ViewerState;
    return goingOn(
      state,
      shown.map(({ name }) => name)
    );
  } catch {
    return undefined;
  }
}
