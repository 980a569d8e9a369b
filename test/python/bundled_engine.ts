import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
// @ts-expect-error A script of the build's, without types.
import { LERC_WASM, THREAD } from '../../src/build/thread.mjs';
import type * as Engine from '../../src/convert/index.ts';

/** The engine of the sources, in a bundle in that folder, because a thread then starts in a tenth of the time. */
export async function bundledEngine(folder: string): Promise<typeof Engine> {
  const root = { absWorkingDir: join(import.meta.dirname, '../..') };
  await build({
    ...root,
    bundle: true,
    platform: 'node',
    format: 'esm',
    outdir: folder,
    entryPoints: { index: 'src/convert/index.ts' },
    outExtension: { '.js': '.mjs' },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" }
  });
  await build({ ...root, ...THREAD, outdir: folder, entryPoints: { worker: 'src/pyramid/worker.ts' } });
  copyFileSync(LERC_WASM, join(folder, basename(LERC_WASM)));
  return (await import(pathToFileURL(join(folder, 'index.mjs')).href)) as typeof Engine;
}
