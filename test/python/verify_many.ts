// Verifies OME-Zarrs, one after another in one process: node verify_many.ts PAIRS, a JSON list of [output, source].
// Prints a JSON list of the results, or of { error: message }.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundledEngine } from './bundled_engine.ts';

const folder = mkdtempSync(join(tmpdir(), 'engine-'));
const { verify } = await bundledEngine(folder);
const results: unknown[] = [];
for (const [output, against] of JSON.parse(readFileSync(process.argv[2], 'utf8')) as [string, string | null][])
  try {
    results.push(await verify(output, { against, jobs: 1, maxMemory: 2 ** 29 }));
  } catch (error) {
    results.push({ error: (error as Error).message });
  }
rmSync(folder, { recursive: true });
process.stdout.write(JSON.stringify(results));
