// Verifies OME-Zarrs, one after another in one process: node verify_many.ts PAIRS, a JSON list of [output, source].
// Prints a JSON list of the results, or of { error: message }.
import { readFileSync } from 'node:fs';
import { verify } from '../../src/convert/index.ts';

const results: unknown[] = [];
for (const [output, against] of JSON.parse(readFileSync(process.argv[2], 'utf8')) as [string, string | null][])
  try {
    results.push(await verify(output, { against, jobs: 1, maxMemory: 2 ** 29 }));
  } catch (error) {
    results.push({ error: (error as Error).message });
  }
process.stdout.write(JSON.stringify(results));
