/** Those that Node has no name for, by system and number. */
const UNNAMED: Partial<Record<string, Record<number, string>>> = {
  linux: { 37: 'ENOLCK', 67: 'ENOLINK', 74: 'EBADMSG', 116: 'ESTALE', 117: 'EUCLEAN', 122: 'EDQUOT' },
  darwin: { 69: 'EDQUOT', 70: 'ESTALE', 77: 'ENOLCK', 94: 'EBADMSG' }
};

/**
 * The name of an error of the operating system, such as ENOSPC; of some Node tells only the number. Null for any other
 * error.
 */
export function errorName(error: unknown): string | null {
  const { code, errno } = (error ?? {}) as NodeJS.ErrnoException;
  if (typeof code !== 'string') return null;
  return code.startsWith('Unknown system error') ? (UNNAMED[process.platform]?.[Math.abs(errno ?? 0)] ?? code) : code;
}
