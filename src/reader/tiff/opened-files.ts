import { firstDirectory } from './directory.ts';
import { HeaderBytes } from '../common/header-bytes.ts';

/** Files that are being opened at a time, so that the delays of a network drive overlap. */
const OPENING = 16;

/** Calls `visit` for each file in order, while the next ones are being opened; closes every one. */
export async function forEachOpened(
  paths: string[],
  visit: (file: HeaderBytes, index: number) => Promise<void>
): Promise<void> {
  const opening: Promise<HeaderBytes>[] = [];
  const start = (path: string) => {
    const opened = HeaderBytes.open(path).then(async file => {
      await file.prefetch(firstDirectory(file));
      return file;
    });
    opened.catch(() => {});
    opening.push(opened);
  };
  let next = 0;
  try {
    for (let index = 0; index < paths.length; index++) {
      while (next < paths.length && opening.length < OPENING) start(paths[next++]);
      const file = await opening[0];
      try {
        await visit(file, index);
      } finally {
        opening.shift();
        await file.close();
      }
    }
  } finally {
    for (const result of await Promise.allSettled(opening))
      if (result.status === 'fulfilled') await result.value.close();
  }
}
