/** Part of a file, in bytes. */
export interface ByteRange {
  start: number;
  length: number;
}

/**
 * The one range of a Range header (RFC 9110, section 14) for a file of `size` bytes. Null when the whole file is to be sent: no header,
 * several ranges, or one that is not understood.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | null {
  const match = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) {
    return null;
  }
  if (match[1] === '') {
    const length = Math.min(Number(match[2]), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, length };
  }
  const start = Number(match[1]);
  const last = match[2] === '' ? Infinity : Number(match[2]);
  if (last < start) {
    return null;
  }
  return start >= size ? 'unsatisfiable' : { start, length: Math.min(last, size - 1) - start + 1 };
}
