import type { OmeZarrVersion } from './options.ts';
import type { OuterShape, Position, Shape } from './volume.ts';

/** An OME-Zarr image that gets labels: where its voxels are. */
export interface Parent {
  /** Absolute path. */
  path: string;
  version: OmeZarrVersion;
  outerShape: OuterShape;
  /** UDUNITS name; null where it has none, or not one for all three axes. */
  unit: string | null;
  levels: ParentLevel[];
  /** Where its source said that its first voxel is; null where it said nothing, or it is not known. */
  position: Position | null;
  /** Whether a copy of all metadata lies at its root, in which new labels are not. */
  consolidated: boolean;
}

/** All along (Z, Y, X); scale and translation (of the first voxel's centre) in the parent's unit. */
export interface ParentLevel {
  shape: Shape;
  scale: Shape;
  translation: Shape;
}
