import type { S3Client } from '@aws-sdk/client-s3';
import { ConvertError } from '../model/errors.ts';

const ENCRYPTIONS = ['AES256', 'aws:kms', 'aws:kms:dsse'];
/** Requests by which an object comes to be. */
const WRITES = ['PutObjectCommand', 'CopyObjectCommand', 'CreateMultipartUploadCommand'];

/** Whether a variable is set, and not to something like `no`. */
export const isSet = (value: string | undefined): boolean => /^(1|yes|true|on)$/i.test(value ?? '');

/** Has a client tell, of each answer, when that was given by the server's clock, in ms since 1970. */
export function hearDates(client: S3Client, hear: (date: number) => void): void {
  client.middlewareStack.add(
    next => async args => {
      const answered = await next(args);
      const { headers } = answered.response as { headers?: Record<string, string> };
      // A proxy that keeps answers hands out old ones, and says how old.
      const date = headers?.age === undefined ? Date.parse(headers?.date ?? '') : NaN;
      if (!Number.isNaN(date)) hear(date);
      return answered;
    },
    { step: 'deserialize', name: 'microctDates' }
  );
}

/**
 * Has a client say what a bucket may want to hear: how objects are to be encrypted, and that who asks pays. Neither has
 * a place in the files of the AWS tools; the variables are those of GDAL, and of what is made with Rust's object_store.
 * A request that writes throws `bad-option` where no encryption has such a name.
 */
export function addHeaders(client: S3Client): void {
  const { AWS_REQUEST_PAYER: payer, AWS_SSE_KMS_KEY_ID: key, AWS_SSE_BUCKET_KEY_ENABLED: bucketKey } = process.env;
  const encryption = process.env.AWS_SERVER_SIDE_ENCRYPTION || (key && 'aws:kms');
  const always = { ...((payer === 'requester' || isSet(payer)) && { 'x-amz-request-payer': 'requester' }) };
  const written = {
    ...(encryption && { 'x-amz-server-side-encryption': encryption }),
    ...(key && { 'x-amz-server-side-encryption-aws-kms-key-id': key }),
    ...(bucketKey && { 'x-amz-server-side-encryption-bucket-key-enabled': String(isSet(bucketKey)) })
  };
  client.middlewareStack.add(
    (next, { commandName }) =>
      async args => {
        const { headers } = args.request as { headers: Record<string, string> };
        const isWritten = WRITES.includes(commandName ?? '');
        if (isWritten && encryption && !ENCRYPTIONS.includes(encryption))
          throw new ConvertError(
            'bad-option',
            `AWS_SERVER_SIDE_ENCRYPTION is ${encryption}: ${ENCRYPTIONS.slice(0, -1).join(', ')} or ${ENCRYPTIONS.at(-1)} was expected`
          );
        Object.assign(headers, always, isWritten && written);
        return next(args);
      },
    // Before it is signed.
    { step: 'build', name: 'microctHeaders' }
  );
}
