/** Whether something is named by an address, of the web or of a bucket, and not by a path. */
export const isAddress = (name: string): boolean => /^(https?|s3):\/\//i.test(name);

/** Whether something is named by its place in a bucket (`s3://BUCKET/KEY`). */
export const isBucketAddress = (name: string): boolean => /^s3:\/\//i.test(name);

/** An address as people may see it: without a name, a password or a query, which may be a key. */
export function shownAddress(name: string): string {
  if (!isAddress(name) || isBucketAddress(name) || !URL.canParse(name)) return name;
  const { origin, pathname } = new URL(name);
  return origin + pathname;
}

/** What the file of an address is called; empty where the address does not say. */
export function addressName(address: string): string {
  if (isBucketAddress(address)) return address.split('/').at(-1)!;
  const last = URL.canParse(address) ? new URL(address).pathname.split('/').at(-1)! : '';
  try {
    return decodeURIComponent(last).split(/[\\/]/).at(-1)!;
  } catch {
    return last;
  }
}

/** A place in a bucket. */
export interface BucketAddress {
  bucket: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  key: string;
}

/** The place that `s3://BUCKET/KEY` names; null where it is no such address. */
export function bucketAddress(name: string): BucketAddress | null {
  const [, bucket, path = ''] = /^s3:\/\/([a-z0-9A-Z][a-z0-9A-Z._-]*)(?:\/(.*))?$/i.exec(name) ?? [];
  if (bucket === undefined) return null;
  const key = path.replace(/^\/+|\/+$/g, '');
  if (key.split('/').some(segment => segment === '.' || segment === '..')) return null;
  return key !== '' && /\/\//.test(key) ? null : { bucket, key };
}
