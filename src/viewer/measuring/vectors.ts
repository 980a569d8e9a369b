// Imports nothing: JupyterLab loads it when it starts, by way of measurements.ts.

export const dot = (a: number[], b: number[]): number => a.reduce((sum, value, n) => sum + value * b[n], 0);
