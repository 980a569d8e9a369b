// Bundles the helper into microct_io_vis/helper: main.mjs (command line and kernel), worker.cjs and look.cjs (the
// engine's threads), sdk.cjs (what these load to read from a bucket), lerc's WebAssembly, zeromq/ (one native addon for
// each platform) and the licenses of what is in the bundle. What page.mjs puts there (viewer/) stays.
import { build, context } from 'esbuild';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { builtinsByRequire } from './builtins.mjs';
import { ROOT } from './environment.mjs';
import { writeNotices } from './notices.mjs';
import { LERC_WASM, THREAD } from './thread.mjs';

const OUT = join(ROOT, 'microct_io_vis/helper');
const ZEROMQ = join(ROOT, 'node_modules/zeromq');

/** zeromq has a build for every ABI that ever was; its newest for Node 20 and up (N-API) serves all later ones. */
const ADDONS = {
  'linux-x64-glibc': 'linux/x64/node/glibc-127-Release',
  'linux-x64-musl': 'linux/x64/node/musl-127-Release',
  'linux-arm64-glibc': 'linux/arm64/node/glibc-127-Release',
  'linux-arm64-musl': 'linux/arm64/node/musl-127-Release',
  'darwin-x64': 'darwin/x64/node/libc-115-Release',
  'darwin-arm64': 'darwin/arm64/node/libc-115-Release',
  'win32-x64': 'win32/x64/node/msvc-115-Release',
  'win32-arm64': 'win32/arm64/node/msvc-115-Release'
};

/** In place of zeromq's own loader, which looks through a manifest of builds that are not shipped. */
const LOADER = `
const platform = process.platform + '-' + process.arch;
let libc = '';
if (process.platform === 'linux') {
  process.report.excludeNetwork = true;
  libc = process.report.getReport().header.glibcVersionRuntime ? '-glibc' : '-musl';
}
const addon = './zeromq/' + platform + libc + '.node';
exports.default = require(addon);
`;

const zeromqLoader = {
  name: 'zeromq-loader',
  setup({ onLoad }) {
    onLoad({ filter: /zeromq[\\/]lib[\\/]load-addon\.js$/ }, () => ({
      contents: `Object.defineProperty(exports, '__esModule', { value: true });${LOADER}`,
      loader: 'js'
    }));
  }
};

const common = {
  absWorkingDir: ROOT,
  outdir: OUT,
  bundle: true,
  platform: 'node',
  target: 'node22.15',
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning'
};
const MAIN = {
  ...common,
  entryPoints: { main: 'src/helper/main.ts' },
  outExtension: { '.js': '.mjs' },
  // Parts that are loaded when needed: an old Node must get as far as the check in main.ts, and the command line needs
  // no zeromq.
  splitting: true,
  chunkNames: 'part-[hash]',
  format: 'esm',
  // CommonJS packages ask for Node's modules by require().
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);"
  },
  plugins: [zeromqLoader, builtinsByRequire]
};
/** A thread loads the SDK when it reads from a bucket, and starts without it. */
const sdkApart = {
  name: 'sdk-apart',
  setup({ onResolve }) {
    onResolve({ filter: /\/sdk\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './sdk.cjs', external: true } : null
    );
  }
};
const WORKER = {
  ...common,
  ...THREAD,
  entryPoints: { worker: 'src/pyramid/worker.ts', look: 'src/convert/look/worker.ts', sdk: 'src/remote/sdk.ts' },
  plugins: [sdkApart]
};
// In a watch, only what follows from an edit is made anew.
if (process.argv.includes('--watch')) {
  for (const options of [MAIN, WORKER]) await (await context({ ...options, logLevel: 'info' })).watch();
  await new Promise(() => {});
}

const [main, worker] = await Promise.all([build(MAIN), build(WORKER)]);
const outputs = { ...main.metafile.outputs, ...worker.metafile.outputs };
mkdirSync(join(OUT, 'zeromq'), { recursive: true });
for (const [name, folder] of Object.entries(ADDONS)) {
  const addon = join(ZEROMQ, 'build', folder, 'addon.node');
  if (!existsSync(addon))
    throw new Error(`${addon} is missing: zeromq has changed its builds; correct ADDONS in helper.mjs`);
  copyFileSync(addon, join(OUT, 'zeromq', `${name}.node`));
}
copyFileSync(LERC_WASM, join(OUT, basename(LERC_WASM)));
const shipped = Object.values(outputs).flatMap(({ inputs }) =>
  Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []))
);
writeNotices(join(OUT, 'LICENSES.txt'), shipped);

const made = new Set([
  'viewer',
  'zeromq',
  'LICENSES.txt',
  basename(LERC_WASM),
  ...Object.keys(outputs).map(path => basename(path))
]);
for (const name of readdirSync(OUT)) {
  if (!made.has(name)) rmSync(join(OUT, name), { recursive: true });
}
