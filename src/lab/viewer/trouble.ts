import type { ISignal } from '@lumino/signaling';
import { isAddress } from '../../model/address.ts';
import type { TroubleEvent } from '../../protocol/index.ts';
import { noteOf } from './note.ts';

/** Milliseconds that a server of the web may take before a person hears of it. */
const QUIET = 3000;

/**
 * Says in `host`, while a volume is being opened, that a server of the web is in trouble or late, and has a person give
 * it up. Until the returned function is called.
 */
export function tellTrouble(
  host: HTMLElement,
  paths: readonly string[],
  trouble: ISignal<unknown, TroubleEvent>,
  giveUp: () => void
): () => void {
  const hosts = [...new Set(paths.filter(isAddress).map(path => new URL(path).host))];
  if (hosts.length === 0) return () => undefined;
  const note = noteOf('', false, [{ label: 'Give Up', onClick: giveUp }]);
  const text = document.createElement('span');
  note.prepend(text);
  const say = (what: string): void => {
    clearTimeout(late);
    text.textContent = what;
    if (!note.isConnected) host.append(note);
  };
  const late = setTimeout(() => say(`Not all that is needed has come from ${hosts.join(', ')} yet.`), QUIET);
  const onTrouble = (_: unknown, { host: at, reason }: TroubleEvent): void => {
    if (hosts.includes(at)) say(`${at} is in trouble (${reason}), and is being asked again.`);
  };
  trouble.connect(onTrouble);
  return () => {
    clearTimeout(late);
    trouble.disconnect(onTrouble);
    note.remove();
  };
}
