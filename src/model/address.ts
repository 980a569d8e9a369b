/** Whether something is named by an address, of the web or of a bucket, and not by a path. */
export const isAddress = (name: string): boolean => /^(https?|s3):\/\//i.test(name);

/** Whether something is named by its place in a bucket (`s3://BUCKET/KEY`). */
export const isBucketAddress = (name: string): boolean => /^s3:\/\//i.test(name);

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
