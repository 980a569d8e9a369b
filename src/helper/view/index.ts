import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LOOK_OPTIONS, type LookOptions, Looks, isFileAddress } from '../../convert/index.ts';
import { isAddress, shownAddress } from '../../model/address.ts';
import { Checks, ConvertError } from '../../model/errors.ts';
import { imageKind } from '../../model/file-endings.ts';
import { named } from '../../model/words.ts';
import { uniqueNames } from '../../protocol/names.ts';
import { RemoteStore } from '../../remote/remote-store.ts';
import type { Source } from '../../protocol/index.ts';
import { Store } from '../store.ts';
import { openBrowser } from './browser.ts';
import { type ViewSource, createViewServer } from './server.ts';

export interface ViewOptions {
  /** 0 for any free one. */
  port: number;
  browser: boolean;
  /** A volume whose voxels are shown as numbers of segments, read without `reading`; null: none. */
  labels: string | null;
  /** How sources that are no OME-Zarrs are read. */
  reading: LookOptions;
  /** Ends the server. */
  signal: AbortSignal;
}

/**
 * Serves OME-Zarrs, sources as though they were some, and the viewer's page on 127.0.0.1 until the signal aborts;
 * prints the page's address.
 * @throws ConvertError when something cannot be shown, the port is taken, or the viewer's page is not built
 */
export async function view(volumes: readonly Source[], options: ViewOptions): Promise<void> {
  const { port, browser, labels, reading, signal } = options;
  const checks = new Checks();
  // A program that reads the voxels has them as they are.
  const looks = new Looks(() => false, { exact: Boolean(process.env.MICROCT_IO_VIS_EXACT) });
  const found: { path: string; serve: Served; asLabels?: boolean }[] = [];
  for (const volume of volumes) {
    const each = await checks.later(open(volume, looks, reading));
    if (each) {
      found.push(each);
    }
  }
  const over = labels === null ? null : await checks.later(open(labels, looks, {}));
  if (over) {
    found.push({ ...over, asLabels: true });
  }
  checks.done();
  const page = pageFolder();
  const names = uniqueNames(found.map(({ path }) => path));
  const { server, path } = createViewServer(
    found.map(({ serve, asLabels }, n) => ({ name: names[n], asLabels, ...serve })),
    page
  );
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ConvertError('bad-option', `port ${port} of 127.0.0.1 cannot be used: ${(error as Error).message}`);
  }
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  process.stdout.write(`${url}\n`);
  process.stderr.write('Press Ctrl-C to stop.\n');
  const close = browser ? await openBrowser(url).catch(unopened) : null;
  if (!signal.aborted) {
    await once(signal, 'abort');
  }
  await close?.();
  server.close();
  server.closeAllConnections();
  await looks.close();
}

/** Bytes that are read at a time of a volume on a server of the web. */
const MOST = 2 ** 29;

type Served =
  { store: Store } | { remote: RemoteStore } | { look: NonNullable<Extract<ViewSource, { look: unknown }>['look']> };

/** An OME-Zarr, or a source that is looked at as it lies there. */
async function open(volume: Source, looks: Looks, reading: LookOptions): Promise<{ path: string; serve: Served }> {
  if (typeof volume === 'string' && isAddress(volume)) {
    if (await isFileAddress(volume)) {
      await looks.describe(volume, reading);
      return { path: shownAddress(volume), serve: { look: (key, signal) => looks.read(volume, reading, key, signal) } };
    }
    const remote = await RemoteStore.open(volume, MOST);
    return { path: remote.name, serve: { remote } };
  }
  const path = typeof volume === 'string' ? resolve(volume) : resolve(volume[0]);
  const store = typeof volume === 'string' ? await Store.open(volume).catch((error: ConvertError) => error) : null;
  if (store instanceof Store) {
    const chosen = LOOK_OPTIONS.find(key => reading[key] !== undefined);
    if (chosen) {
      const what = `is an OME-Zarr, of which nothing is chosen: leave ${named(chosen)} out`;
      throw new ConvertError('bad-option', `${path}: ${what}`, chosen);
    }
    return { path: store.root, serve: { store } };
  }
  const isFile = imageKind(path) !== null;
  if (store && store.code !== 'output-not-ome-zarr' && !isFile) throw store;
  try {
    await looks.describe(volume, reading);
  } catch (error) {
    // The reader has nothing better to say of a folder without slices, or of a file of another kind.
    const { code } = error as ConvertError;
    throw store && !isFile && (code === 'no-pages' || code === 'not-tiff') ? store : error;
  }
  return { path, serve: { look: (key, signal) => looks.read(volume, reading, key, signal) } };
}

/** The address has been printed: a browser can still be told of it by hand. */
function unopened(error: Error): null {
  process.stderr.write(`No browser was opened: ${error.message}\n`);
  return null;
}

/** Where the viewer's page is: beside the bundle, or where the build put it when this runs from source. */
function pageFolder(): string {
  const url = import.meta.url.endsWith('.ts') ? '../../../microct_io_vis/helper/viewer/' : './viewer/';
  const folder = fileURLToPath(new URL(url, import.meta.url));
  if (!existsSync(`${folder}index.html`)) {
    throw new ConvertError('internal', `${folder}: the viewer's page is not there; this package is not built whole`);
  }
  return folder;
}
