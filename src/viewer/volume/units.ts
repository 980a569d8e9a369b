/** UDUNITS names of OME-Zarr's units as multiples of a metre or a second, which is what Neuroglancer reckons in. */
const PREFIXES: Record<string, number> = {
  yotta: 24,
  zetta: 21,
  exa: 18,
  peta: 15,
  tera: 12,
  giga: 9,
  mega: 6,
  kilo: 3,
  hecto: 2,
  deca: 1,
  deci: -1,
  centi: -2,
  milli: -3,
  micro: -6,
  nano: -9,
  pico: -12,
  femto: -15,
  atto: -18,
  zepto: -21,
  yocto: -24
};
const LENGTHS: Record<string, number> = {
  meter: 1,
  angstrom: 1e-10,
  inch: 0.0254,
  foot: 0.3048,
  yard: 0.9144,
  mile: 1609.34,
  parsec: 3.0856775814913673e16
};

const TIMES: Record<string, number> = { second: 1, minute: 60, hour: 3600, day: 86400 };

/** Metres in a unit; null for one that is no length or has no name. */
export const metres = (unit: string): number | null => multiple(unit, 'meter', LENGTHS);

/** Seconds in a unit; null for one that is no time or has no name. */
export const seconds = (unit: string): number | null => multiple(unit, 'second', TIMES);

function multiple(unit: string, base: string, others: Record<string, number>): number | null {
  if (Object.hasOwn(others, unit)) return others[unit];
  const prefix = unit.endsWith(base) ? unit.slice(0, -base.length) : '';
  // Out of a decimal string, as Neuroglancer has it: 10 ** -6 is not always the nearest number.
  return Object.hasOwn(PREFIXES, prefix) ? Number(`1e${PREFIXES[prefix]}`) : null;
}
