// Prints, as JSON, the windows of values that the viewer chooses for each OME-Zarr folder that is named; or why it
// chooses none.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chooseContrast } from '../../src/viewer/volume/readVolumes.ts';
import type { ByteReader } from '../../src/viewer/transport/source.ts';
import { readImage } from '../../src/viewer/volume/image.ts';

/** Reads a folder, and counts what is read. */
function folder(path: string, read: { bytes: number; files: number }): ByteReader {
  return async (key, { offset, length, suffix }) => {
    const file = join(path, key);
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return null;
    const whole = new Uint8Array(readFileSync(file));
    const start = suffix === undefined ? (offset ?? 0) : Math.max(0, whole.length - suffix);
    const bytes = whole.slice(start, length === undefined ? undefined : start + length);
    read.bytes += bytes.length;
    read.files++;
    return { size: whole.length, offset: start, bytes };
  };
}

for (const path of process.argv.slice(2)) {
  const read = { bytes: 0, files: 0 };
  const files = folder(path, read);
  const image = await readImage(path, async key => (await files(key, {}))?.bytes ?? null);
  const dim = await chooseContrast(image, files);
  const windows = image.channels.map(({ window }) => window);
  process.stdout.write(`${JSON.stringify({ windows, dim, ...read })}\n`);
}
