/** Units of length that OME-NGFF accepts on a space axis (UDUNITS-2 names). */
export const SPACE_UNITS = [
  'angstrom',
  'attometer',
  'centimeter',
  'decimeter',
  'exameter',
  'femtometer',
  'foot',
  'gigameter',
  'hectometer',
  'inch',
  'kilometer',
  'megameter',
  'meter',
  'micrometer',
  'mile',
  'millimeter',
  'nanometer',
  'parsec',
  'petameter',
  'picometer',
  'terameter',
  'yard',
  'yoctometer',
  'yottameter',
  'zeptometer',
  'zettameter'
] as const;

const SHORT: Record<string, (typeof SPACE_UNITS)[number]> = {
  m: 'meter',
  cm: 'centimeter',
  mm: 'millimeter',
  um: 'micrometer',
  nm: 'nanometer',
  pm: 'picometer',
  km: 'kilometer',
  micron: 'micrometer',
  å: 'angstrom',
  in: 'inch',
  ft: 'foot',
  feet: 'foot',
  inches: 'inch'
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
 * The UDUNITS name for a unit of length as people write it (`µm`, `Microns`, `millimetre`), or null when it is none that OME-NGFF knows.
 * Both signs for micro (U+00B5, U+03BC) and both code points of `Å` are understood.
 */
export function spaceUnit(text: string): (typeof SPACE_UNITS)[number] | null {
  const word = text.normalize('NFKC').trim().toLowerCase().replace(/^μ/, 'u').replace(/^umet/, 'micromet');
  for (const name of [word, word.replace(/s$/, '')]) {
    const full = name.replace(/metre$/, 'meter');
    const known = SPACE_UNITS.find(unit => unit === full) ?? (Object.hasOwn(SHORT, name) ? SHORT[name] : undefined);
    if (known) return known;
  }
  return null;
}
