export { formatBytes } from '../model/format.ts';

const SIZE = /^\s*(\d+(?:\.\d*)?|\.\d+)\s*(?:([kmgtp])(?:i?b)?|b)?\s*$/i;

/**
 * Bytes of a size as people write it: `8G`, `512 MB`, `1.5GiB`, `4096`. Units are powers of 1024, whichever way they are spelled.
 * Null when the text is no size.
 */
export function parseBytes(text: string): number | null {
  const match = SIZE.exec(text);
  if (!match) {
    return null;
  }
  const power = match[2] ? 'kmgtp'.indexOf(match[2].toLowerCase()) + 1 : 0;
  const bytes = Math.round(Number(match[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** The shortest text that `parseBytes` reads back as the same number: `8G`, `1536M`, `1000`. */
export function shortBytes(bytes: number): string {
  let power = 0;
  while (power < 5 && bytes > 0 && bytes % 1024 ** (power + 1) === 0) {
    power += 1;
  }
  return `${bytes / 1024 ** power}${['', 'K', 'M', 'G', 'T', 'P'][power]}`;
}
