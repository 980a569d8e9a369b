import { existsSync } from 'node:fs';
import { isAddress } from '../model/address.ts';
import { onDisk } from './common/file-name.ts';
import { remoteState } from './common/remote-headers.ts';
import { remoteStateOf } from '../model/file-state.ts';
import { type Touched, touching } from './common/touched.ts';
import type { Opened } from './headers.ts';
import { listNames } from './slices/slices.ts';
import { forEachOpened } from './tiff/opened-files.ts';

/** Facts, plan and conversion follow each other within minutes, mostly of one source. */
const KEPT_FOR = 300_000;
const MOST_KEPT = 2;
/** Tables of more take longer to read, and memory that nobody reckons with. */
const MOST_BYTES = 1 << 22;
/** Milliseconds in which a file may change twice and tell the same time of both: two seconds on FAT. */
const COARSEST_CLOCK = 2000;

interface Kept {
  opened: Opened;
  touched: Touched;
}

const kept = new Map<string, Promise<Kept>>();

/**
 * The headers of a source, as `read` reads them. They are read once for its facts, its plan and its conversion, unless
 * a file or folder of it has been touched meanwhile.
 *
 * @param key what is read, and how
 */
export async function headersOf(key: string, read: () => Promise<Opened>): Promise<Opened> {
  const before = await kept.get(key)?.catch(() => null);
  if (before && (await isUnchanged(before.touched))) return before.opened;
  const began = Date.now();
  const reading = touching(read).then(({ result, touched }) => ({ opened: result, touched }));
  const forget = () => {
    if (kept.get(key) === reading) kept.delete(key);
  };
  kept.delete(key);
  kept.set(key, reading);
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value!);
  setTimeout(forget, KEPT_FOR).unref();
  try {
    const { opened, touched } = await reading;
    if (opened.table.bytes > MOST_BYTES || touched.newest > began - COARSEST_CLOCK) forget();
    return opened;
  } catch (error) {
    forget();
    throw error;
  }
}

async function isUnchanged({ files, folders }: Touched): Promise<boolean> {
  try {
    for (const [folder, names] of folders) {
      const now = await listNames(folder);
      if (now.length !== names.length || now.some((name, n) => name !== names[n])) return false;
    }
    const isAbsent = (path: string): boolean => files.get(path) === null;
    const addresses = [...files.keys()].filter(isAddress);
    for (const address of addresses) if (remoteStateOf(await remoteState(address)) !== files.get(address)) return false;
    const paths = [...files.keys()].filter(path => !isAddress(path));
    if (paths.some(path => isAbsent(path) && existsSync(onDisk(path)))) return false;
    let same = true;
    // Opened, not only looked up: what a network drive says of a closed file may be a minute old.
    await forEachOpened(
      paths.filter(path => !isAbsent(path)),
      async ({ path, state }) => {
        same &&= state === files.get(path);
      }
    );
    return same;
  } catch {
    return false;
  }
}
