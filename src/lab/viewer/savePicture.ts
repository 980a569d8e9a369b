import { PathExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';
import { isGone } from './gone.ts';

/** Keeps a picture in the folder of a volume, under a name that nothing has there; answers with its path. */
export async function savePicture(
  contents: Contents.IManager,
  volume: string,
  name: string,
  picture: Blob
): Promise<string> {
  const folder = PathExt.dirname(volume);
  const { content } = (await contents.get(folder)) as { content: Contents.IModel[] };
  const taken = new Set(content.map(item => item.name));
  // Neuroglancer puts time and date into names, with characters that belong to folders.
  const plain = name.replaceAll(/[\\/:*?"<>|]/g, '-');
  let free = plain;
  for (let n = 1; taken.has(free); n++) free = plain.replace(/(\.[^.]*)?$/, ` (${n})$1`);
  const bytes = new Uint8Array(await picture.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  const path = PathExt.join(folder, free);
  try {
    await contents.save(path, { type: 'file', format: 'base64', content: btoa(text) });
  } catch (error) {
    // Of a file that has no room, Jupyter leaves the beginning, which it may have no room to move to the trash.
    const isLeft = await contents.delete(path).then(
      () => false,
      async () => !(await isGone(contents, path))
    );
    const left = isLeft ? ` What is there of ${path} is not whole: remove it.` : '';
    throw new Error(`${folder === '' ? 'the folder' : folder} ${whyNot((error as Error).message)}${left}`);
  }
  return path;
}

/** What keeps a file from being written, by what Jupyter says of it. */
function whyNot(message: string): string {
  if (/Errno 30\b/.test(message)) return 'is read-only.';
  if (/Errno 13\b|Permission denied/i.test(message)) return 'may not be written to by the server.';
  // Of a full disk it says that the file is not there which it could not write.
  if (/Errno (28|122)\b|No space|Errno 2\b.*\.~/is.test(message))
    return 'has no room: the disk is full, or your share of it.';
  return `took no file: ${message}`;
}
