/** Shares of the voxels that are black and white at most, where a contrast is chosen by them. */
export const BLACK = 0.01;
export const WHITE = 0.99;
