import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Milliseconds that a browser may take to start. */
const STARTING = 60_000;

/**
 * Asks the desktop to show an address that is not for everybody. The arguments of a program are, on most systems, for
 * all users to see: they name a file that only this one can read, which leads to the address. Where there is no
 * desktop, the address on standard output has to do. The returned function removes the file, if it is still there.
 */
export async function openBrowser(url: string): Promise<() => Promise<void>> {
  // Browsers in a sandbox (snap) see neither the folder for temporary files nor hidden ones.
  const folder = await mkdtemp(join(homedir(), 'microct-io-vis-view-')).catch(() =>
    mkdtemp(join(tmpdir(), 'microct-io-vis-view-'))
  );
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const file = join(folder, 'open.html');
  const to = url.replace(/[&"<>]/g, c => `&#${c.charCodeAt(0)};`);
  const html = `<!doctype html>\n<meta charset="utf-8" />\n<meta http-equiv="refresh" content="0; url=${to}" />\n<a href="${to}">${to}</a>\n`;
  await writeFile(file, html, { mode: 0o600 });
  const address = pathToFileURL(file).href;
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', address]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', address]
        : ['xdg-open', address];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => void remove());
  child.unref();
  setTimeout(() => void remove(), STARTING).unref();
  return remove;
}
