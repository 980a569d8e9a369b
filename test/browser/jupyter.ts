/**
 * A JupyterLab of one's own for a test file: a live server under a prefix, as JupyterHub has it, with a token, in a
 * temporary folder whose name is as awkward as people's are, and a headless Chromium with software WebGL 2.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const WINDOWS = process.platform === 'win32';
export const PYTHON = join(ROOT, '.venv', WINDOWS ? 'Scripts/python.exe' : 'bin/python');
const PREFIX = '/user/alice/';
const TOKEN = 'a-token-of-the-tests';
const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
];

export interface Jupyter {
  /** Ends in a slash and holds the prefix. */
  readonly url: string;
  readonly token: string;
  /** The server's root folder, where tests put their files. */
  readonly root: string;
  readonly browser: Browser;
  /** A REST call with the token: `api('api/sessions')`. */
  api(path: string, init?: RequestInit): Promise<Response>;
  /** JupyterLab in a browser of its own (cookies, storage), with an empty workspace, ready for use. */
  open(path?: string): Promise<Page>;
  /** Closes what was opened, which would go on to draw and to ask the server. */
  closeBrowsers(): Promise<void>;
  stop(): Promise<void>;
}

/** A headless Chromium with software WebGL 2. */
export function launchChromium(): Promise<Browser> {
  const executablePath = process.env.MICROCT_CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, headless: true, args: CHROMIUM_FLAGS });
}

/** Starts server and browser. `settings` are JupyterLab settings by plugin id, in place of a person's. */
export async function startJupyter(settings: Record<string, object> = {}): Promise<Jupyter> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'microct lab ü ')));
  const root = join(home, 'Scans & Größen #1');
  mkdirSync(root, { recursive: true });
  const all = { '@jupyterlab/apputils-extension:notification': { fetchNews: 'false' }, ...settings };
  for (const [id, value] of Object.entries(all)) {
    const [plugin, name] = id.split(':');
    const file = join(home, 'settings', plugin, `${name}.jupyterlab-settings`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(value));
  }
  const port = await freePort();
  const { server, log } = startServer(home, root, port);
  const url = `http://127.0.0.1:${port}${PREFIX}`;
  const api = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(url + path, { ...init, headers: { ...init.headers, Authorization: `token ${TOKEN}` } });
  const contexts: BrowserContext[] = [];
  let browser: Browser | undefined;

  const closeBrowsers = async (): Promise<void> => {
    await Promise.all(contexts.splice(0).map(context => context.close().catch(() => undefined)));
  };
  const stop = async (): Promise<void> => {
    await closeBrowsers();
    await browser?.close();
    await end(server);
    rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    await answers(api, server, log);
    browser = await launchChromium();
  } catch (error) {
    await stop();
    throw error;
  }

  const launched = browser;
  const open = async (path = 'lab'): Promise<Page> => {
    const context = await launched.newContext({ viewport: { width: 1280, height: 900 } });
    contexts.push(context);
    const page = await context.newPage();
    // A machine under load may be a few times slower than one at rest.
    page.setDefaultTimeout(60_000);
    await page.goto(`${url}${path}?reset&token=${TOKEN}`);
    await page.waitForSelector('#jupyterlab-splash', { state: 'detached', timeout: 90_000 });
    await page.waitForSelector('.jp-FileBrowser', { timeout: 90_000 });
    return page;
  };
  return { url, token: TOKEN, root, browser, api, open, closeBrowsers, stop };
}

function startServer(home: string, root: string, port: number): { server: ChildProcess; log: () => string } {
  const options = {
    'ServerApp.root_dir': root,
    'ServerApp.port': port,
    'ServerApp.port_retries': 0,
    'ServerApp.base_url': PREFIX,
    'ServerApp.ip': '127.0.0.1',
    'IdentityProvider.token': TOKEN,
    'LabApp.expose_app_in_browser': 'True',
    'LabApp.news_url': 'None',
    'LabServerApp.user_settings_dir': join(home, 'settings'),
    'LabServerApp.workspaces_dir': join(home, 'workspaces')
  };
  const env = {
    ...process.env,
    JUPYTER_CONFIG_DIR: join(home, 'config'),
    JUPYTER_RUNTIME_DIR: join(home, 'runtime'),
    IPYTHONDIR: join(home, 'ipython')
  };
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const server = spawn(PYTHON, ['-m', 'jupyterlab', '--no-browser', '--allow-root', ...args], { cwd: root, env });
  let text = '';
  const keep = (data: Buffer): void => {
    text = (text + data.toString()).slice(-20_000);
  };
  server.stdout.on('data', keep);
  server.stderr.on('data', keep);
  return { server, log: () => text };
}

async function answers(api: Jupyter['api'], server: ChildProcess, log: () => string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (server.exitCode !== null) {
      break;
    }
    const response = await api('api/status').catch(() => null);
    if (response?.ok) {
      return;
    }
    await sleep(200);
  }
  throw new Error(`JupyterLab did not start:\n${log()}`);
}

/** Asks the server to end, with its kernels, and insists when it does not. */
async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) {
    return;
  }
  const exit = once(server, 'exit');
  server.kill('SIGTERM');
  if ((await Promise.race([exit, sleep(15_000, null)])) === null) {
    server.kill('SIGKILL');
    await exit;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') {
    throw new Error('No free port was found.');
  }
  return address.port;
}
