/** Sections of a text in the manner of Windows' initialisation files; names of sections and of keys in lower case. */
export type Ini = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * Reads `[section]` and `key=value` lines, as the programs of scanners write them: any line ends, spaces around names
 * and values, values in quotes or not. Keys before the first section are in the section `''`; a key that comes twice
 * has its last value.
 */
export function parseIni(text: string): Ini {
  const sections = new Map<string, Map<string, string>>();
  let keys = new Map<string, string>();
  sections.set('', keys);
  for (const line of text.split(/[\r\n]+/)) {
    const section = /^\s*\[([^\]]+)\]\s*$/.exec(line);
    if (section) {
      const name = section[1].trim().toLowerCase();
      keys = sections.get(name) ?? new Map<string, string>();
      sections.set(name, keys);
      continue;
    }
    const equals = line.indexOf('=');
    if (equals < 1) continue;
    const value = line.slice(equals + 1).trim();
    keys.set(line.slice(0, equals).trim().toLowerCase(), /^".*"$/.test(value) ? value.slice(1, -1).trim() : value);
  }
  return sections;
}

/**
 * The text of a file whose encoding nobody has written down: UTF-16 or UTF-8 where it says so or fits, otherwise
 * Latin-1.
 */
export function decodeText(bytes: Uint8Array): string {
  const utf16 =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null;
  try {
    return new TextDecoder(utf16 ?? 'utf-8', { fatal: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}

/** A length greater than 0, with a point or a comma before its decimals; null for anything else. */
export function positive(text: string | undefined): number | null {
  const value = text !== undefined && /^\+?[\d.,]+(e[+-]?\d+)?$/i.test(text) ? Number(text.replace(',', '.')) : NaN;
  return value > 0 && Number.isFinite(value) ? value : null;
}
