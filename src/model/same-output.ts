import { shownAddress } from './address.ts';

/** Why the second of two sources is not converted. */
export const sameOutput = (source: string, other: string, output: string): string =>
  `${shownAddress(source)} and ${shownAddress(other)} would both be written to ${output}: convert one of them by itself, or to another output`;
