import type { LookOptions, Shape, Source } from '../protocol/index.ts';
import type { FormValues, Triple } from './values.ts';

/** Choice on the picture of a source. */
export interface Choice {
  /** Voxels along (Z, Y, X), the first and the one after the last; null: all of them. */
  region: { from: Shape; to: Shape } | null;
  /** Values shown black and white; null where the fields have no two numbers. */
  range: [number, number] | null;
}

/** A picture of a source, until it is disposed of. */
export interface Picture {
  choice: Choice;
  /** Values that are shown black and white; null while they are not known. */
  readonly range: [number, number] | null;
  dispose(): void;
}

/**
 * Shows a source in `host`, nothing of which is written, to choose on it. `reading`: how it is read; `signal`: has its
 * opening end. Rejects with an `Error` that says what stands in the way, such as a browser without WebGL.
 */
export type ShowPicture = (
  host: HTMLElement,
  source: Source,
  reading: LookOptions,
  options: { choice: Choice; onChange: (change: Partial<Choice>) => void },
  signal: AbortSignal
) => Promise<Picture>;

/** The fields of a region; ends that are the volume's own stay empty. */
export function regionFields(region: Choice['region'], shape: Shape): Pick<FormValues, 'roiFrom' | 'roiTo'> {
  const fields = (ends: Shape | undefined, own: Shape): Triple =>
    own.map((end, axis) => (ends === undefined || ends[axis] === end ? '' : String(ends[axis]))) as Triple;
  return { roiFrom: fields(region?.from, [0, 0, 0]), roiTo: fields(region?.to, shape) };
}

/** Choice on the picture for the fields' options; `before` where they cannot be read. */
export function choiceOf(
  { roi, valueRange }: { roi?: readonly unknown[] | null; valueRange?: readonly unknown[] | null },
  isReadable: { region: boolean; range: boolean },
  before: Choice
): Choice {
  const [z0, z1, y0, y1, x0, x1] = (roi ?? []) as number[];
  const region: Choice['region'] = roi ? { from: [z0, y0, x0], to: [z1, y1, x1] } : null;
  const ends = valueRange ?? [];
  const isNumeric = ends.length === 2 && ends.every(end => typeof end === 'number') && ends[0]! < ends[1]!;
  return {
    region: isReadable.region ? region : before.region,
    range: isReadable.range && isNumeric ? (ends as [number, number]) : null
  };
}
