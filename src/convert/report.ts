import { renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { shownAddress } from '../model/address.ts';
import { errorName } from '../model/error-name.ts';
import { ConvertError, type ErrorCode } from '../model/errors.ts';
import { option } from '../model/words.ts';
import { onDisk } from '../reader/common/file-name.ts';
import { writeError } from '../zarr/system-errors.ts';
import { withdraw } from '../zarr/withdraw.ts';

/** Outcome of one of many sources; a row of the report. */
export interface BatchEntry {
  source: string;
  /** Absolute path of the OME-Zarr; null where it is not known. */
  output: string | null;
  /** `there`: it was whole before, and was left as it is. */
  state: 'waiting' | 'done' | 'there' | 'failed' | 'cancelled';
  seconds: number | null;
  bytesWritten: number | null;
  levels: number | null;
  warnings: string[];
  error: { code: ErrorCode; message: string } | null;
}

const COLUMNS = [
  'source',
  'output',
  'state',
  'seconds',
  'bytesWritten',
  'levels',
  'warnings',
  'error'
] as const satisfies (keyof BatchEntry)[];

/**
 * Writes both files of a report, each whole at any time; without the keys in addresses, which are nobody else's.
 *
 * @param report what they are called, with `.json` or `.csv` or without
 * @throws ConvertError where they cannot be written
 */
export function writeReport(report: string, all: readonly BatchEntry[]): void {
  const name = report.replace(/\.(json|csv)$/i, '');
  const entries = all.map(entry => ({ ...entry, source: shownAddress(entry.source) }));
  const rows = entries.map(entry =>
    COLUMNS.map(column => {
      const value =
        column === 'error' ? entry.error?.message : column === 'warnings' ? entry.warnings.join(' ') : entry[column];
      return value == null ? '' : `"${String(value).replaceAll('"', '""')}"`;
    }).join(',')
  );
  // Whatever else whoever tells of them says.
  put(`${name}.json`, `${JSON.stringify(entries, [...COLUMNS, 'code', 'message'], 2)}\n`);
  put(`${name}.csv`, `${[COLUMNS.join(','), ...rows].join('\r\n')}\r\n`);
}

function put(path: string, text: string): void {
  const unfinished = onDisk(`${path}.new-${process.pid}`);
  try {
    writeFileSync(unfinished, text);
    renameSync(unfinished, onDisk(path));
  } catch (error) {
    withdraw(unfinished);
    throw reportError(error, path);
  }
}

/** The error that a report cannot be written. */
function reportError(error: unknown, path: string): unknown {
  const place = option('report');
  if (errorName(error) === 'ENOENT')
    return new ConvertError(
      'output-unwritable',
      `${path}: there is no folder ${dirname(path)}: make it, or write the report elsewhere (${place})`
    );
  const found = writeError(error, path);
  return found instanceof ConvertError ? found.with({ problem: `${found.said} (${place})`, field: null }) : found;
}
