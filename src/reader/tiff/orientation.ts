import type { Layout } from '../../model/layout.ts';
import type { Orientation } from '../../model/options.ts';
import { option } from '../../model/words.ts';
import { fail } from '../common/fail.ts';
import type { SegmentTable } from './segment-table.ts';

/** Where the first row and the first column of an image are (TIFF 6.0, Orientation). */
const WHERE: Partial<Record<number, string>> = {
  2: 'the first column on the right',
  3: 'the first row at the bottom and the first column on the right',
  4: 'the first row at the bottom',
  5: 'rows and columns exchanged',
  6: 'rows and columns exchanged, turned by a quarter to the right',
  7: 'rows and columns exchanged, and mirrored',
  8: 'rows and columns exchanged, turned by a quarter to the left'
};

/** The greatest orientation that only mirrors; greater ones exchange rows and columns. */
const MIRRORS = 4;

/** Tags that say something; other numbers mean nothing. */
const told = ({ orientations }: SegmentTable): [number, string][] =>
  [...orientations].filter(([orientation]) => WHERE[orientation]);

/** Notes for the user on tags that are not followed. */
export function orientationNotes(table: SegmentTable, asked: Orientation): string[] {
  if (asked === 'apply') return [];
  // `apply` is suggested only where it is not refused.
  const isApplied = table.orientations.size === 1 && told(table).every(([orientation]) => orientation <= MIRRORS);
  const others = isApplied
    ? `, and so does ${option('orientation', 'apply')}`
    : ': save it turned where they are right';
  return told(table).map(
    ([orientation, page]) =>
      `Its Orientation tag is ${orientation} (${WHERE[orientation]}${table.orientations.size > 1 ? `; first on ${page}` : ''}): rows and columns are taken as they are ` +
      `stored, as tifffile and ImageJ do; ITK, Pillow and other viewers turn them${others}.`
  );
}

/**
 * How planes are to be flipped so that the first row is at the top and the first column on the left.
 *
 * @throws ConvertError `mixed-pages` where pages are stored in several ways, `unsupported` where rows and columns are
 *   exchanged
 */
export function flipOf(table: SegmentTable, path: string): Layout['flip'] {
  const [first, other] = [...table.orientations].map(([n, page]) => [WHERE[n] ? n : 1, page] as const);
  if (other && other[0] !== first[0])
    throw fail(
      'mixed-pages',
      path,
      `${first[1]} has the Orientation ${first[0]}, and ${other[1]} has ${other[0]}, where all alike were expected: give ${option('orientation', 'ignore')}`
    );
  const [orientation] = first;
  if (orientation > MIRRORS)
    throw fail(
      'unsupported',
      path,
      `its Orientation is ${orientation} (${WHERE[orientation]}), where one was expected that mirrors at most: give ${option('orientation', 'ignore')}, or save it turned`
    );
  return { rows: orientation === 3 || orientation === 4, columns: orientation === 2 || orientation === 3 };
}
