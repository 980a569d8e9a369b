import { imageKind } from './file-endings.ts';
import { isArchiveName } from './output-name.ts';

/** Whether something is named by an address, of the web or of a bucket, and not by a path. */
export const isAddress = (name: string): boolean => isOfWeb(name) || isBucketAddress(name);

/** Whether something is named by an address of the web. */
export const isOfWeb = (name: string): boolean => /^https?:\/\//i.test(name);

/** Whether something is named by its place in a bucket (`s3://BUCKET/KEY`). */
export const isBucketAddress = (name: string): boolean => /^s3:\/\//i.test(name);

/** Addresses of kinds that are not read, also where they were taken for a path; any kind at the beginning. */
const OTHER =
  /(?:^|[\\/])(file|gs|gcs|s3[an]|az|adls?|abfss?|wasbs?|hdfs|ftps?|sftp|ssh|scp|rsync|smb|cifs|nfs|davs?|webdavs?|swift|oss|cos|b2):[\\/]{1,3}(.*)$|^(?!https?:|s3:)([a-z][a-z0-9+.-]+):\/\/(.*)$/i;

/**
 * Advice on a path that is not there: an address that was taken for a path, as by Python's pathlib, has lost a slash;
 * and there are addresses of other kinds than those that are read.
 */
export const adviceOnPath = (path: string): string | null => {
  const [, scheme, rest] = /(?:^|[\\/])(https?|s3):[\\/]([^\\/].*)$/i.exec(path) ?? [];
  if (scheme !== undefined) return `give the address as text, with both slashes: ${scheme}://${rest}`;
  const [, known, below, any, rest_] = OTHER.exec(path) ?? [];
  const [other, place] = [known ?? any, below ?? rest_];
  if (other === undefined) return null;
  switch (other.toLowerCase()) {
    case 'file':
      return 'give the path alone, without file://';
    case 'gs':
    case 'gcs':
      return `of Google Cloud Storage give s3://${place}, with AWS_ENDPOINT_URL=https://storage.googleapis.com`;
    case 's3a':
    case 's3n':
      return `an address in a bucket begins with s3://: give s3://${place}`;
    case 'az':
    case 'adl':
    case 'adls':
    case 'abfs':
    case 'abfss':
    case 'wasb':
    case 'wasbs':
      return 'from Azure it is read by its address of the web (https://ACCOUNT.blob.core.windows.net/CONTAINER/NAME, with a SAS behind it where one is needed), and nothing is written there';
    default:
      return `an address begins with https://, http:// or s3://, and not with ${other}://: give the path where it is mounted, or copy it here`;
  }
};

/** An address as people may see it: without a name, a password or a query, which may be a key. */
export function shownAddress(name: string): string {
  if (!isAddress(name)) return name;
  // No bucket's name has an @; what has one was meant as others write it (KEY:SECRET@BUCKET).
  if (isBucketAddress(name)) return name.replace(/^(s3:\/\/)[^/]*@/i, '$1');
  if (!URL.canParse(name)) return name.replace(/^(https?:\/\/)(?:.*@)?([^?#]*).*$/is, '$1$2');
  const { origin, pathname } = new URL(name);
  return origin + pathname;
}

/**
 * Pattern of the names by which a query says which file of a repository is meant, and how it is sent; Python is written
 * it by `src/build/options.mjs`.
 */
export const NO_KEY = 'files?|file_?name|path|version|format|download|dl|raw|inline|alt';
const IS_NO_KEY = new RegExp(`^(${NO_KEY})$`, 'i');

/** Whether an address of the web has a part that may be a key, and so must not be kept where others read. */
export function mayHoldKey(name: string): boolean {
  if (!isOfWeb(name) || !URL.canParse(name)) return false;
  const { username, password, searchParams } = new URL(name);
  return username !== '' || password !== '' || [...searchParams.keys()].some(key => !IS_NO_KEY.test(key));
}

/** Whether something stands for an address that may hold a key (`remote/stand-ins.ts`). */
export const isStandIn = (name: string): boolean => /^https?:.*[#&]key=[0-9a-f]{8}$/i.test(name);

/** The path or address of what lies below another, before what that has behind a ? or a #. */
export function placeBelow(place: string, path: string): string {
  const end = isOfWeb(place) ? place.search(/[?#]|$/) : place.length;
  return `${place.slice(0, end).replace(/[\\/]+$/, '')}/${path}${place.slice(end)}`;
}

/**
 * Name of the file at an address; empty where the address does not say. Repositories have the name before the end of
 * the path (`/files/scan.tif/content`), or in the query (`?file=scan.tif`): where the last segment has no ending of a
 * volume, the last one that has is the name.
 */
export function addressName(address: string): string {
  if (isBucketAddress(address)) return address.split('/').at(-1)!;
  if (!URL.canParse(address)) return '';
  const { pathname, searchParams, hash } = new URL(address);
  const segments = pathname.split('/').map(decoded);
  const last = segments.at(-1)!;
  if (isVolumeName(last)) return last;
  // Of what stands for an address with a key (`remote/stand-ins.ts`), the name is behind a #.
  const values = [...searchParams.values(), ...new URLSearchParams(hash.slice(1)).values()];
  const names = [...segments.slice(0, -1), ...values.map(named).map(decoded)];
  return names.findLast(name => imageKind(name) !== null || isArchiveName(name)) ?? last;
}

/** Whether an address says that it is that of an OME-Zarr, or of something in one. */
export const isOmeZarrAddress = (address: string): boolean =>
  /\.(zarr|ozx)(\/|$)/i.test(shownAddress(address)) || isArchiveName(addressName(address));

const isVolumeName = (name: string): boolean => imageKind(name) !== null || /\.(ozx|zarr)$/i.test(name);

/** A name as `Content-Disposition` has it, which signed addresses say in their query. */
const named = (value: string): string => /\bfilename\*?=(?:[\w-]*'\w*')?"?([^";]+)/i.exec(value)?.[1] ?? value;

/** The name in a segment, whatever slashes are written in it in another way. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment).split(/[\\/]/).at(-1)!;
  } catch {
    return segment;
  }
}

/** A place in a bucket. */
export interface BucketAddress {
  bucket: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  key: string;
}

/** A text without percent-encoding; as it is where a percent sign in it stands for itself. */
export function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Why something is no place in a bucket, and what to give. */
export function noBucket(address: string, name = 'NAME.ome.zarr'): string {
  if (/^s3:\/\/arn:/i.test(address))
    return `this is an ARN, of an access point: give its alias, which is called as buckets are (s3://ALIAS-s3alias/${name})`;
  const found = placeIn(address);
  if (!found) return `this is no address such as s3://BUCKET/${name}`;
  const odd = segmentsOf(found.key).includes('') ? 'nothing' : 'only . or ..';
  return `its key has ${odd} between two slashes, and is that of another object than without: no such key is read or written here; give another address, or copy what is there to another key`;
}

/** What `s3://BUCKET/KEY` says, whatever the key is, which may end with a slash; null where it is no such address. */
function placeIn(name: string): BucketAddress | null {
  const [, bucket, key = ''] = /^s3:\/\/([a-z0-9A-Z][a-z0-9A-Z._-]*)(?:\/(.*))?$/i.exec(name) ?? [];
  return bucket === undefined ? null : { bucket, key };
}

/** Segments of a key, which may end with a slash, as that of a folder. */
const segmentsOf = (key: string): string[] => (key === '' ? [] : key.replace(/\/$/, '').split('/'));

/**
 * The place that `s3://BUCKET/KEY` names; null where it is no such address, or the key is one that is neither read nor
 * written: tools take what has `//` or `..` in it for different objects.
 */
export function bucketAddress(name: string): BucketAddress | null {
  const found = placeIn(name);
  if (!found) return null;
  const segments = segmentsOf(found.key);
  if (segments.some(each => each === '' || each === '.' || each === '..')) return null;
  return { bucket: found.bucket, key: segments.join('/') };
}
