import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/**
 * Empty folders of a test file's own, which go when its tests have ended: the one that holds them, and a function that
 * makes another.
 */
export function scratch(name: string): { folder: string; fresh: () => string } {
  const folder = mkdtempSync(join(tmpdir(), `${name}-test-`));
  after(() => rmSync(folder, { recursive: true }));
  let count = 0;
  const fresh = () => {
    const path = join(folder, `case-${count++}`);
    mkdirSync(path);
    return path;
  };
  return { folder, fresh };
}
