// Converts damaged copies of small TIFFs, one after another in one process, and tells what became of each. Run by
// test_robustness.py: node damage.ts CASES.json CASES.json: { folder, budget, cases: [{ source, file, cut?, flips?,
// verify }] }; `file` is what of `source` is damaged, `cut` the length that is left of it, `flips` positions and what
// their bytes are XORed with. Standard output: a JSON list of outcomes, and the peak memory.
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { bundledEngine } from './bundled_engine.ts';

interface Case {
  source: string;
  file: string;
  cut?: number;
  flips?: [position: number, mask: number][];
  /** Source that a finished conversion is compared with. */
  verify: 'original' | 'copy' | null;
}

interface Outcome {
  /** Null: it was converted. */
  code: string | null;
  message: string;
  seconds: number;
  /** Names beside the source that were not there before. */
  left: string[];
  /** Whether the output is as it should be; null: not looked at. */
  whole: boolean | null;
}

const { folder, budget, cases } = JSON.parse(readFileSync(process.argv[2], 'utf8')) as {
  folder: string;
  budget: number;
  cases: Case[];
};

const { ConvertError, convert, freeMemory, inspect, verify } = await bundledEngine(join(folder, 'engine'));

function damage({ source, file, cut, flips }: Case, copy: string): void {
  cpSync(source, copy, { recursive: true });
  const path = join(copy, relative(source, file));
  const bytes = readFileSync(path);
  for (const [position, mask] of flips ?? []) bytes[position] ^= mask;
  writeFileSync(path, cut === undefined ? bytes : bytes.subarray(0, cut));
}

async function outcome(one: Case): Promise<Outcome> {
  const copy = join(folder, basename(one.source));
  const output = join(folder, 'out.ome.zarr');
  damage(one, copy);
  const began = performance.now();
  const found: Outcome = { code: null, message: '', seconds: 0, left: [], whole: null };
  const options = { output, maxMemory: budget, jobs: 1, chunkSize: [8, 16, 16] as [number, number, number] };
  try {
    await inspect(copy);
    await convert(copy, options, { signal: AbortSignal.timeout(30_000) });
  } catch (error) {
    found.code = error instanceof ConvertError ? error.code : 'not a ConvertError';
    found.message = error instanceof Error ? error.message : String(error);
  }
  found.seconds = (performance.now() - began) / 1000;
  if (found.code === null) {
    const against = one.verify === 'copy' ? copy : one.source;
    if (one.verify) found.whole = (await verify(output, { maxMemory: budget, jobs: 1, against })).ok;
    rmSync(output, { recursive: true });
  }
  found.left = [output, `${output}.partial`].filter(existsSync).map(path => basename(path));
  for (const path of found.left) rmSync(join(folder, path), { recursive: true });
  rmSync(copy, { recursive: true });
  await freeMemory();
  return found;
}

const outcomes: Outcome[] = [];
for (const one of cases) outcomes.push(await outcome(one));
// The peak by getrusage is never less than that of the process that started this one.
const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
const peak = 1024 * Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS);
console.log(JSON.stringify({ outcomes, peak }));
