import { addressName, isStandIn, mayHoldKey, placeBelow, shownAddress } from '../model/address.ts';
import { ConvertError } from '../model/errors.ts';

/** Variable that whole addresses come by, one a line: alone, or behind what stands for it and a space. */
export const VARIABLE = 'MICROCT_IO_VIS_ADDRESSES';

const addresses = new Map<string, string>();
const standIns = new Map<string, string>();
/** Those of which nobody has said what stands for them, by how they are shown. */
const given = new Map<string, string[]>();

for (const line of (process.env[VARIABLE] ?? '').split(/\r?\n/)) {
  const [, standIn, address] = /^\s*(?:(\S+[#&]key=\w{8})\s+)?(\S.*?)\s*$/.exec(line) ?? [];
  if (address === undefined) continue;
  if (standIn !== undefined) keep(standIn, address);
  else given.set(shownAddress(address), [...(given.get(shownAddress(address)) ?? []), address]);
}
// It is not for the processes that this one starts.
delete process.env[VARIABLE];

function keep(standIn: string, address: string): void {
  addresses.set(standIn, address);
  standIns.set(address, standIn);
}

/**
 * What stands for an address in all that is written and shown: without its login and its query, which may be keys, and
 * with a mark by which this process knows it. An address without these stands for itself.
 */
export function standInFor(address: string): string {
  if (!mayHoldKey(address)) return address;
  const known = standIns.get(address);
  if (known !== undefined) return known;
  const shown = shownAddress(address);
  const name = addressName(address);
  const mark = new URLSearchParams({
    ...(addressName(shown) !== name && { file: name }),
    // Nothing can be told from it.
    key: crypto.randomUUID().slice(0, 8)
  });
  const standIn = `${shown}#${mark}`;
  keep(standIn, address);
  return standIn;
}

/** The address of an image in a collection, by what stands for that of the collection. */
function ofPlaceAbove(standIn: string): string | undefined {
  const shown = shownAddress(standIn);
  for (const [known, address] of addresses) {
    const above = shownAddress(known).replace(/\/*$/, '/');
    if (known.endsWith(standIn.slice(standIn.indexOf('#'))) && shown.startsWith(above))
      return placeBelow(address, shown.slice(above.length));
  }
  return undefined;
}

/** The address that something stands for. @throws ConvertError `unreadable` where this process was never told it */
export function wholeAddress(standIn: string): string {
  if (!isStandIn(standIn)) return standIn;
  const shown = shownAddress(standIn);
  const [only, another] = given.get(shown) ?? [];
  const address = addresses.get(standIn) ?? ofPlaceAbove(standIn) ?? (another === undefined ? only : undefined);
  if (address !== undefined) return address;
  throw new ConvertError(
    // Of what is not found nobody is told more than that it is gone.
    'unreadable',
    `${shown}: its login, or the key in its address, is kept nowhere but in the program that was told it: give the whole address again, to processes of a cluster by the variable ${VARIABLE}`,
    'source'
  );
}
