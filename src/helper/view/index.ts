import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Checks, ConvertError } from '../../model/errors.ts';
import { uniqueNames } from '../../protocol/names.ts';
import { Store } from '../store.ts';
import { openBrowser } from './browser.ts';
import { createViewServer } from './server.ts';

export interface ViewOptions {
  /** 0 for any free one. */
  port: number;
  browser: boolean;
  /** Ends the server. */
  signal: AbortSignal;
}

/**
 * Serves OME-Zarrs and the viewer's page on 127.0.0.1 until the signal aborts; prints the page's address.
 * @throws ConvertError when a path is no OME-Zarr, the port is taken, or the viewer's page is not built
 */
export async function view(outputs: readonly string[], { port, browser, signal }: ViewOptions): Promise<void> {
  const checks = new Checks();
  const stores: Store[] = [];
  for (const path of outputs) {
    const store = await checks.later(Store.open(path));
    if (store) {
      stores.push(store);
    }
  }
  checks.done();
  const page = pageFolder();
  const names = uniqueNames(stores.map(({ root }) => root));
  const { server, path } = createViewServer(
    stores.map((store, n) => ({ name: names[n], store })),
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
