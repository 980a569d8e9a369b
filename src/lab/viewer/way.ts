import type { LookOptions } from '../../protocol/index.ts';

/** Whether voxels are numbers of segments: those of all volumes, or those of each. */
export type AsLabels = boolean | boolean[];

export const isAsLabels = (asLabels: AsLabels | undefined, number: number): boolean =>
  (Array.isArray(asLabels) ? asLabels[number] : asLabels) ?? false;

/** What was written of it, where it can be that. */
export const readAsLabels = (found: unknown): AsLabels =>
  Array.isArray(found) ? found.map(each => each === true) : found === true;

/** How the volumes at some paths are shown. */
export interface Way {
  /** How sources are read that are no OME-Zarrs. */
  reading?: LookOptions;
  /** Whether voxels are shown as numbers of segments, whatever the metadata says: of all volumes, or of each. */
  asLabels?: AsLabels;
  /** Whether the paths are the slices of one volume. */
  isStack?: boolean;
}

/** Key of a tab: the volumes that it shows, and how they are read. */
export function keyOf(paths: readonly string[], way: Way = {}): string {
  const { reading, isStack } = way;
  const asLabels = asLabelsOf(paths, way);
  return (
    paths.join('\n') +
    (reading && Object.keys(reading).length > 0 ? `\n${JSON.stringify(reading)}` : '') +
    (asLabels.includes(true)
      ? `\n(segments${asLabels.includes(false) ? ` ${asLabels.map(Number).join('')}` : ''})`
      : '') +
    (isStack ? '\n(slices)' : '')
  );
}

/** Whether each volume is shown as segments, whatever its metadata says. */
export const asLabelsOf = (paths: readonly string[], { asLabels, isStack }: Way): boolean[] =>
  (isStack ? paths.slice(0, 1) : paths).map((_, n) => isAsLabels(asLabels, n));
