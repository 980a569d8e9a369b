import { shortBytes } from '../model/bytes.ts';
import { DEFAULT_JOBS } from '../model/option-table.ts';
import { DEFAULT_OPTIONS } from '../model/options.ts';

/** Units of a voxel size, those of scans first; `none` is no unit, on purpose. */
export const UNITS: readonly string[] = [
  ...['nanometer', 'micrometer', 'millimeter', 'centimeter', 'meter'],
  ...['angstrom', 'picometer', 'inch', 'none']
];
export const UNIT_NAMES: Record<string, string> = {
  nanometer: 'nanometer (nm)',
  micrometer: 'micrometer (µm)',
  millimeter: 'millimeter (mm)',
  centimeter: 'centimeter (cm)',
  meter: 'meter (m)',
  angstrom: 'angstrom (Å)',
  picometer: 'picometer (pm)',
  inch: 'inch (in)',
  none: 'no unit'
};

/** The helper's defaults for empty fields: shown as hints, never sent. */
export const SHOWN_DEFAULTS = {
  chunkSize: DEFAULT_OPTIONS.chunkSize,
  levels: String(DEFAULT_OPTIONS.levels),
  maxMemory: shortBytes(DEFAULT_OPTIONS.maxMemory),
  jobs: DEFAULT_JOBS
};
