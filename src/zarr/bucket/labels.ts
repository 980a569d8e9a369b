import { type Json, parsedObject } from '../../model/json.ts';
import { omeOf } from '../../model/ome-zarr/group.ts';
import { type OmeZarrVersion, zarrFormatOf } from '../../model/options.ts';
import { isRefusedByCondition } from '../../remote/s3-error.ts';
import { S3Bucket } from '../../remote/s3.ts';
import {
  type ZarrFormat,
  asText,
  checkedList,
  isLabelsName,
  listDocuments,
  listFile,
  listedIn
} from '../labels-group.ts';

/** Names that the `labels` group of an image in a bucket gets, and has not yet. */
interface Unlisted {
  before: Json | null;
  /** Of the group's file; null where there is none. */
  etag: string | null;
  missing: string[];
}

/**
 * As `listLabels`, of an image in a bucket: whole label images that its `labels` group does not name are named there.
 * The file is written in place of the one that was read alone, so that of several at once none is forgotten.
 *
 * @returns the names that were not listed before
 * @throws ConvertError
 */
export async function listBucketLabels(address: string, version: OmeZarrVersion): Promise<string[]> {
  const bucket = await S3Bucket.open(address, 'output');
  const zarrFormat = zarrFormatOf(version);
  const prefix = `${bucket.address.key}/labels/`;
  try {
    for (const added = new Set<string>(); ;) {
      const { before, etag, missing } = await unlisted(bucket, prefix, zarrFormat);
      if (missing.length === 0) return [...added];
      const documents = listDocuments(before, version, [...listedIn(before, zarrFormat), ...missing]);
      for (const [name, json] of documents) {
        const isList = name === listFile(zarrFormat);
        const condition = etag === null ? { isNew: true } : { etag };
        try {
          await bucket.put(prefix + name, Buffer.from(asText(json)), isList ? condition : {});
        } catch (error) {
          // Another one has been faster: what it wrote is read.
          if (isRefusedByCondition(error)) break;
          throw error;
        }
        if (isList) for (const each of missing) added.add(each);
      }
    }
  } finally {
    bucket.close();
  }
}

async function unlisted(bucket: S3Bucket, prefix: string, zarrFormat: ZarrFormat): Promise<Unlisted> {
  const key = prefix + listFile(zarrFormat);
  const found = await bucket.get(key);
  const before = found && checkedList(bucket.nameOf(key), parsedObject(found.bytes.toString('utf8')), zarrFormat);
  const names = listedIn(before, zarrFormat);
  const missing: string[] = [];
  for (const name of (await bucket.folders(prefix)).sort()) {
    if (!isLabelsName(name) || names.includes(name)) continue;
    const document = await bucket.get(`${prefix}${name}/${listFile(zarrFormat)}`);
    const json = document && parsedObject(document.bytes.toString('utf8'));
    if (json && 'image-label' in omeOf({ zarrFormat, json })) missing.push(name);
  }
  return { before, etag: found && found.etag, missing };
}
