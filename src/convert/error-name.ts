import { constants } from 'node:os';

const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));
// Of a damaged ext4 or XFS; Node has no name for it at all.
if (process.platform === 'linux') NAMES.set(117, 'EUCLEAN');

/** The name of an error of the operating system, such as ENOSPC; of some Node tells only the number. Null for any other error. */
export function errorName(error: unknown): string | null {
  const { code, errno } = (error ?? {}) as NodeJS.ErrnoException;
  if (typeof code !== 'string') return null;
  return code.startsWith('Unknown system error') ? (NAMES.get(Math.abs(errno ?? 0)) ?? code) : code;
}
