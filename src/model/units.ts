/** Metres in the units of length that OME-NGFF accepts on a space axis (UDUNITS-2 names). */
const METERS = {
  angstrom: 1e-10,
  attometer: 1e-18,
  centimeter: 1e-2,
  decimeter: 1e-1,
  exameter: 1e18,
  femtometer: 1e-15,
  foot: 0.3048,
  gigameter: 1e9,
  hectometer: 1e2,
  inch: 0.0254,
  kilometer: 1e3,
  megameter: 1e6,
  meter: 1,
  micrometer: 1e-6,
  mile: 1609.344,
  millimeter: 1e-3,
  nanometer: 1e-9,
  parsec: 3.0856775814913673e16,
  petameter: 1e15,
  picometer: 1e-12,
  terameter: 1e12,
  yard: 0.9144,
  yoctometer: 1e-24,
  yottameter: 1e24,
  zeptometer: 1e-21,
  zettameter: 1e21
} as const;
export type SpaceUnit = keyof typeof METERS;
export const SPACE_UNITS = Object.keys(METERS) as SpaceUnit[];

/** Metres in a unit; null for one that is none of `SPACE_UNITS`. */
export const inMeters = (unit: string | null): number | null =>
  unit !== null && Object.hasOwn(METERS, unit) ? METERS[unit as SpaceUnit] : null;

/** A length in another unit, without the digits that only the division has made. */
export const convertLength = (length: number, from: SpaceUnit, to: SpaceUnit): number =>
  from === to ? length : Number(((length * METERS[from]) / METERS[to]).toPrecision(15));

/** Lengths in another unit, as they are where either unit is unknown. */
export const lengthsIn = (lengths: [number, number, number], from: string | null, to: string | null): typeof lengths =>
  from === null || to === null || inMeters(from) === null || inMeters(to) === null
    ? lengths
    : (lengths.map(length => convertLength(length, from as SpaceUnit, to as SpaceUnit)) as typeof lengths);

/** Symbols of which capitals make others (OME-XML's `UnitsLength`). */
const CAPITAL: Record<string, SpaceUnit> = {
  Mm: 'megameter',
  Gm: 'gigameter',
  Tm: 'terameter',
  Pm: 'petameter',
  Em: 'exameter',
  Zm: 'zettameter',
  Ym: 'yottameter'
};

const SHORT: Record<string, SpaceUnit> = {
  m: 'meter',
  dm: 'decimeter',
  cm: 'centimeter',
  mm: 'millimeter',
  um: 'micrometer',
  nm: 'nanometer',
  pm: 'picometer',
  fm: 'femtometer',
  am: 'attometer',
  hm: 'hectometer',
  km: 'kilometer',
  micron: 'micrometer',
  mikron: 'micrometer',
  mikrometer: 'micrometer',
  å: 'angstrom',
  ångström: 'angstrom',
  ångstrom: 'angstrom',
  in: 'inch',
  ft: 'foot',
  feet: 'foot',
  inches: 'inch',
  yd: 'yard',
  mi: 'mile',
  pc: 'parsec'
};

/** Seconds in units of time, by the names that ImageJ and OME-XML have for them, without a plural's s. */
const SECONDS: Record<string, number> = {
  ns: 1e-9,
  nsec: 1e-9,
  nanosecond: 1e-9,
  us: 1e-6,
  usec: 1e-6,
  microsecond: 1e-6,
  ms: 1e-3,
  msec: 1e-3,
  millisecond: 1e-3,
  s: 1,
  sec: 1,
  second: 1,
  min: 60,
  minute: 60,
  h: 3600,
  hr: 3600,
  hour: 3600,
  d: 86400,
  day: 86400
};

/** How many seconds a unit of time has, as people write it (`ms`, `min`, `Hours`); null when it is none. */
export function seconds(unit: string): number | null {
  const word = unit.normalize('NFKC').trim().toLowerCase().replace(/^μ/, 'u');
  const name = [word, word.replace(/s$/, '')].find(each => Object.hasOwn(SECONDS, each));
  return name === undefined ? null : SECONDS[name];
}

/**
 * The UDUNITS name for a unit of length as people and programs write it (`µm`, `Microns`, `millimetre`), or null when
 * it is none that OME-NGFF knows. Both signs for micro (U+00B5, U+03BC) and both code points of `Å` are understood,
 * also where programs have mistaken their encoding or left them escaped.
 */
export function spaceUnit(text: string): SpaceUnit | null {
  for (const spelling of spellings(text)) {
    const unit = plainUnit(spelling);
    if (unit) return unit;
  }
  return isLostMicro(text) ? 'micrometer' : null;
}

/**
 * Whether a unit's only letter beyond ASCII, before its m, was replaced by a program that could not express it: among
 * the multiples of the metre that can only have been µ.
 */
export const isLostMicro = (text: string): boolean => /^(\?{1,2}|\ufffd{1,2})m$/.test(text.trim());

function plainUnit(text: string): SpaceUnit | null {
  const exact = text.trim();
  if (Object.hasOwn(CAPITAL, exact)) return CAPITAL[exact];
  const word = exact
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\s*(\/|per)\s*(pixel|px|voxel|vx)$/, '')
    .replace(/^μ\s*/, 'u')
    .replace(/^u(?=met)/, 'micro')
    .replace(/^micro[-\s]/, 'micro');
  for (const name of [word, word.replace(/\.$/, ''), word.replace(/s$/, '')]) {
    const full = name.replace(/metre$/, 'meter').replace(/mètre$/, 'meter');
    const known = SPACE_UNITS.find(unit => unit === full) ?? (Object.hasOwn(SHORT, name) ? SHORT[name] : undefined);
    if (known) return known;
  }
  return null;
}

/** Encodings that programs have taken text for, in the order of how often they do: µ has a place in each. */
const ENCODINGS = ['utf-8', 'shift_jis', 'euc-jp', 'gb18030', 'big5', 'euc-kr', 'macintosh', 'utf-16le', 'utf-16be'];
/** µ of the code pages of DOS, which `TextDecoder` does not know. */
const DOS_MICRO = 0xe6;

/** Longer text is no unit. */
const LONGEST = 100;

/** A unit as it is written, and as it may have been meant. */
function* spellings(text: string): Generator<string> {
  if (text.length > LONGEST) return;
  yield text;
  const unescaped = text
    .replace(/\\+(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([0-3][0-7]{2}))/gi, (_, u: string, x: string, octal: string) =>
      String.fromCharCode(octal ? parseInt(octal, 8) : parseInt(u ?? x, 16))
    )
    .replace(/&#(?:x([0-9a-f]+)|(\d+));/gi, (_, hex: string, decimal: string) =>
      String.fromCodePoint(Math.min(0x10ffff, hex ? parseInt(hex, 16) : Number(decimal)))
    )
    .replace(/&(micro|mu);/gi, 'µ')
    .replace(/^\\?mu\s*(?=m\b)/, 'µ')
    // UTF-8 that was taken for a code page of DOS or of old Macs.
    .replace(/^(┬╡|╬╝|¬µ|Œº)/, 'µ');
  if (unescaped !== text) yield unescaped;
  // UTF-8 may have been taken for another encoding more than once.
  let written = unescaped;
  for (let times = 0; times < 3; times++) {
    const bytes = inLatin1(written);
    if (!bytes || bytes.every(byte => byte < 0x80)) return;
    for (const encoding of ENCODINGS)
      try {
        yield new TextDecoder(encoding, { fatal: true }).decode(bytes);
      } catch {
        // Not in this one.
      }
    if (bytes[0] === DOS_MICRO) yield `µ${written.slice(1)}`;
    try {
      written = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      return;
    }
  }
}

/** Characters of Windows-1252 by code point, where they are not Latin-1's. */
const WINDOWS = new Map(
  Array.from({ length: 32 }, (_, n) => [new TextDecoder('windows-1252').decode(new Uint8Array([0x80 + n])), 0x80 + n])
);

/** The bytes that were taken for Latin-1, or for Windows-1252, to make this text; null where none were. */
function inLatin1(text: string): Uint8Array | null {
  const bytes = Array.from(text, character => WINDOWS.get(character) ?? character.codePointAt(0)!);
  return bytes.every(byte => byte < 0x100) ? new Uint8Array(bytes) : null;
}
