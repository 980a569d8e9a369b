/** Results of the engine's `inspect` for the paths that a file lists, or its errors, as one array of JSON. */
import { readFileSync } from 'node:fs';
import { ConvertError, inspect } from '../../src/convert/index.ts';

const found: unknown[] = [];
for (const path of JSON.parse(readFileSync(process.argv[2], 'utf8')) as string[])
  found.push(
    await inspect(path).catch((error: unknown) => {
      if (!(error instanceof ConvertError)) throw error;
      return { error: error.message, field: error.field };
    })
  );
process.stdout.write(JSON.stringify(found));
