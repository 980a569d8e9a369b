// How the engine's threads are bundled: each by itself, and in the older format, because a thread then starts in two
// thirds of the time; and what must lie beside them.
import { join } from 'node:path';
import { ROOT } from './environment.mjs';

/** @type {import('esbuild').BuildOptions} */
export const THREAD = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  // The URL that ECMAScript modules know themselves by, which CommonJS has not: lerc finds its WebAssembly beside it.
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" }
};

export const LERC_WASM = join(ROOT, 'node_modules/lerc/lerc-wasm.wasm');
