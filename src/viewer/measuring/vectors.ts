// Imports nothing: JupyterLab loads it when it starts, by way of measurements.ts.

export const dot = (a: number[], b: number[]): number => a.reduce((sum, value, n) => sum + value * b[n], 0);

/** Where an affine matrix, whose rows end in the translation, brings a point. */
export const moved = (matrix: number[][], point: number[]): number[] => matrix.map(row => dot(row, [...point, 1]));
