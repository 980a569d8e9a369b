import type { Image } from './image.ts';

/** A volume as Neuroglancer is to show it. */
export interface Volume {
  name: string;
  /** Neuroglancer's address of it, without the format. */
  url: string;
  image: Image;
  /** Whether its layers are listed only, to be switched on. */
  hidden?: boolean;
}

/** Channels up to here are shown together, a layer each; of more there is one layer, with one channel at a time. */
export const MOST_LAYERS = 8;
