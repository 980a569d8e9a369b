// Finds a Chromium for the browser tests, or installs one: Debian's package where that is possible, otherwise the test
// tool's own.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { run } from './environment.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

function onPath() {
  for (const folder of (process.env.PATH ?? '').split(process.platform === 'win32' ? ';' : ':')) {
    for (const name of NAMES) {
      const path = join(folder, process.platform === 'win32' ? `${name}.exe` : name);
      if (existsSync(path)) return path;
    }
  }
  return null;
}

/** Path of a Chromium that starts. */
export async function findChromium() {
  const given = process.env.MICROCT_CHROMIUM;
  if (given) return given;
  const require = createRequire(import.meta.url);
  const { chromium } = require('playwright-core');
  const found = () => onPath() ?? (existsSync(chromium.executablePath()) ? chromium.executablePath() : null);
  if (found()) return found();
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const apt = spawnSync('sh', ['-c', 'apt-get update -qq && apt-get install -y -qq chromium fonts-dejavu-core'], {
      stdio: 'inherit'
    });
    if (apt.status === 0 && found()) return found();
  }
  await run(process.execPath, [
    join(dirname(require.resolve('playwright-core/package.json')), 'cli.js'),
    'install',
    'chromium'
  ]);
  return found();
}
