/** What the layers of landmarks are called: this, and the volume. */
const LANDMARKS = 'landmarks of ';

export const landmarksOf = (volume: string): string => LANDMARKS + volume;

export const isLandmarks = (layer: string): boolean => layer.startsWith(LANDMARKS);
