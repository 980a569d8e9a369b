/** An open file, as of `node:fs/promises`. */
interface Readable {
  read(target: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
}

/** Fills `target` with a file's bytes from `position` on; how many there were, which are fewer where it ends before. */
export async function readUpTo(file: Readable, target: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < target.length) {
    const { bytesRead } = await file.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
