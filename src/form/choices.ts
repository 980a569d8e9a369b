import { shortBytes } from '../model/bytes.ts';
import { DEFAULT_JOBS } from '../model/option-table.ts';
import { DEFAULT_OPTIONS } from '../model/options.ts';

/** Units that voxel sizes usually have, those of scans first, and how a person writes them. */
export const UNIT_SYMBOLS: Record<string, string> = {
  nanometer: 'nm',
  micrometer: 'µm',
  millimeter: 'mm',
  centimeter: 'cm',
  meter: 'm',
  angstrom: 'Å',
  picometer: 'pm',
  inch: 'in'
};
/** Names of the units that can be chosen for a voxel size; `none` is no unit, on purpose. */
export const UNIT_NAMES: Record<string, string> = {
  ...Object.fromEntries(Object.entries(UNIT_SYMBOLS).map(([unit, symbol]) => [unit, `${unit} (${symbol})`])),
  none: 'no unit'
};
export const UNITS: readonly string[] = Object.keys(UNIT_NAMES);

/** The helper's defaults for empty fields: shown as hints, never sent. */
export const SHOWN_DEFAULTS = {
  chunkSize: DEFAULT_OPTIONS.chunkSize,
  levels: String(DEFAULT_OPTIONS.levels),
  maxMemory: shortBytes(DEFAULT_OPTIONS.maxMemory),
  jobs: DEFAULT_JOBS
};
