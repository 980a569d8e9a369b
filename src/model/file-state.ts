import type { RemoteState } from './layout.ts';

/** Node's status of a file. */
interface FileStatus {
  dev: bigint;
  ino: bigint;
  size: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
}

/** State of a file or a folder: another text after every change. */
export const stateOf = ({ dev, ino, size, mtimeNs, ctimeNs }: FileStatus): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(' ');

/** The same of a file that has an address. */
export const remoteStateOf = ({ size, version }: RemoteState): string => `${size} ${version ?? ''}`;
