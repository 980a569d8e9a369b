import { type PathLike, rmSync } from 'node:fs';

/** Removes what a write has left that failed, as far as that can be done: why it failed is what is told. */
export function withdraw(path: PathLike): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // For the same reason, mostly.
  }
}
