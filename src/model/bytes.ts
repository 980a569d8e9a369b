const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/**
 * A size, in powers of 1,024, with three digits or so: `812 B`, `4.00 GiB`, `56.1 GiB`. Every surface writes sizes so.
 */
export function formatBytes(bytes: number): string {
  let power = 0;
  let value = bytes;
  while (Math.abs(value) >= 1000 && power < UNITS.length - 1) {
    value /= 1024;
    power += 1;
  }
  const digits = power === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[power]}`;
}

const SIZE = /^\s*(\d+(?:\.\d*)?|\.\d+)\s*(?:([kmgtp])(?:i?b)?|b)?\s*$/i;

/**
 * Bytes of a size as people write it: `8G`, `512 MB`, `1.5GiB`, `4096`. Units are powers of 1024, whichever way they
 * are spelled. Null when the text is no size.
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
