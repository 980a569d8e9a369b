const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** A size, in powers of 1,024, with three digits or so: `812 B`, `4.00 GiB`, `56.1 GiB`. Every surface writes sizes so. */
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
