/** UDUNITS names of OME-Zarr's spatial units as multiples of a metre, which is what Neuroglancer reckons in. */
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
const OTHERS: Record<string, number> = {
  meter: 1,
  angstrom: 1e-10,
  inch: 0.0254,
  foot: 0.3048,
  yard: 0.9144,
  mile: 1609.34,
  parsec: 3.0856775814913673e16
};

/** Metres in a unit; null for one that is no length or has no name. */
export function metres(unit: string): number | null {
  if (unit in OTHERS) return OTHERS[unit];
  const prefix = unit.endsWith('meter') ? unit.slice(0, -'meter'.length) : '';
  // Out of a decimal string, as Neuroglancer has it: 10 ** -6 is not always the nearest number.
  return prefix in PREFIXES ? Number(`1e${PREFIXES[prefix]}`) : null;
}
