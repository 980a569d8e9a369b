/** Writes what sources look like, as `view` would show them, into OME-Zarrs: of each the words after `view`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Looks } from '../../src/convert/index.ts';
import { parse } from '../../src/helper/cli/parse.ts';
import { readSource } from '../../src/helper/cli/source.ts';

const looks = new Looks();

async function writeAll(words: string[], output: string): Promise<void> {
  const asked = parse(['view', ...words]);
  if (asked.command !== 'view') throw new Error(words.join(' '));
  const source = readSource(asked.volumes[0]);
  const save = async (key: string): Promise<string> => {
    const file = await looks.read(source, asked.options, key);
    mkdirSync(dirname(join(output, key)), { recursive: true });
    writeFileSync(join(output, key), file!.bytes);
    return new TextDecoder().decode(file!.bytes);
  };
  const group = JSON.parse(await save('zarr.json'));
  for (const { path } of group.attributes.ome.multiscales[0].datasets) {
    const { shape, chunk_grid } = JSON.parse(await save(`${path}/zarr.json`));
    const counts = shape.map((n: number, i: number) => Math.ceil(n / chunk_grid.configuration.chunk_shape[i]));
    const cells = counts.reduce(
      (found: number[][], n: number) => found.flatMap(cell => Array.from({ length: n }, (_, i) => [...cell, i])),
      [[]]
    );
    await Promise.all(cells.map((cell: number[]) => save(`${path}/c/${cell.join('/')}`)));
  }
}

for (const { words, output } of JSON.parse(readFileSync(process.argv[2], 'utf8'))) await writeAll(words, output);
await looks.close();
