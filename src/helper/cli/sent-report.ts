import { readFileSync } from 'node:fs';
import { type BatchEntry, ConvertError } from '../../convert/index.ts';

export interface SentReport {
  /** What its files are called. */
  report: string;
  entries: BatchEntry[];
}

/**
 * A report from standard input, as JSON: of a program that has many volumes converted by others. Names there need not
 * be UTF-8, and addresses may have their keys, which nobody else sees.
 *
 * @throws ConvertError where something else is there
 */
export function readSentReport(): SentReport {
  const sent = parsed(readFileSync(0, 'utf8'));
  if (typeof sent?.report !== 'string' || !Array.isArray(sent.entries) || !sent.entries.every(isEntry))
    throw new ConvertError(
      'bad-option',
      'standard input: expected JSON of a report: what it is called (report) and its entries, as a batch tells them'
    );
  return sent as SentReport;
}

const isEntry = (entry: Partial<BatchEntry> | null): boolean =>
  typeof entry?.source === 'string' && Array.isArray(entry.warnings);

function parsed(text: string): Partial<SentReport> | null {
  try {
    return JSON.parse(text) as Partial<SentReport> | null;
  } catch {
    return null;
  }
}
