import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConvertError } from '../../model/errors.ts';
import { TOOL } from '../../model/version.ts';
import { isProcess } from '../owner.ts';

/** Folders on this machine's disk by way of which files come to a bucket or from it. */
const WAY = `${TOOL}-way-`;

/** A new such folder. Those of processes that have ended are removed. */
export function makeWay(): string {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(WAY) ? Number(name.slice(WAY.length).split('-')[0]) : 0;
    if (pid > 0 && !isProcess(pid)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
  return mkdtempSync(join(tmpdir(), `${WAY}${process.pid}-`));
}

/** Result or error of work with such a folder, in which the folder has the name that people know. */
export async function knownAs<T>(folder: string, name: string, work: () => Promise<T>): Promise<T> {
  const named = (text: string): string => text.replaceAll(folder, name);
  try {
    return JSON.parse(named(JSON.stringify(await work()))) as T;
  } catch (error) {
    throw errorKnownAs(folder, name, error);
  }
}

/** An error of work with such a folder, in which the folder has the name that people know. */
export const errorKnownAs = (folder: string, name: string, error: unknown): unknown =>
  error instanceof ConvertError && error.said.includes(folder)
    ? new ConvertError(error.code, error.said.replaceAll(folder, name), error.field)
    : error;
