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
