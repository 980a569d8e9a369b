import { readFileSync } from 'node:fs';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { ConvertError } from '../model/errors.ts';
import { SILENT } from './attempts.ts';
import { proxies } from './proxies.ts';
import { addHeaders, isSet } from './s3-headers.ts';
import type * as Sdk from './sdk.ts';
import type { Searched } from './searched.ts';

/** How long a connection may take to come about, in ms. */
const CONNECTING = 10_000;
/** Requests that are on their way at once. */
const SOCKETS = 48;

/** Whether requests are not signed, as for public buckets; GDAL and others have the variable, too. */
const isAnonymous = (): boolean => isSet(process.env.AWS_NO_SIGN_REQUEST);

/** Those that are believed in place of Node's own, as AWS's tools have it. @throws ConvertError `unreadable` */
function authorities(): { ca?: Buffer } {
  const bundle = process.env.AWS_CA_BUNDLE;
  if (!bundle) return {};
  try {
    return { ca: readFileSync(bundle) };
  } catch (error) {
    throw new ConvertError(
      'unreadable',
      `AWS_CA_BUNDLE names ${bundle}, which cannot be read (${(error as NodeJS.ErrnoException).code}): name a file of certificates, or unset it`
    );
  }
}

/** @throws ConvertError `bad-option` for what is no region */
async function region({
  NODE_REGION_CONFIG_OPTIONS,
  NODE_REGION_CONFIG_FILE_OPTIONS,
  loadConfig
}: typeof Sdk): Promise<string> {
  const found =
    process.env.AWS_REGION ||
    process.env.AWS_DEFAULT_REGION ||
    // Stores that are not Amazon's have none, and Amazon's are found from the first one.
    (await loadConfig(NODE_REGION_CONFIG_OPTIONS, NODE_REGION_CONFIG_FILE_OPTIONS)().catch(() => 'us-east-1'));
  if (/^[\w-]+$/.test(found)) return found;
  throw new ConvertError(
    'bad-option',
    `the region of buckets is set to "${found}", where a name such as eu-central-1 was expected: correct AWS_REGION, or the profile`
  );
}

/** Whether buckets are not at Amazon's. @throws ConvertError `bad-option` for an endpoint that is no address */
async function isForeign(client: S3Client): Promise<boolean> {
  const endpoint = await client.config.serviceConfiguredEndpoint?.();
  if (endpoint === undefined) return false;
  const isWeb = URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol);
  if (isWeb) return !/\.amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname);
  throw new ConvertError(
    'bad-option',
    `the endpoint of buckets is set to "${endpoint}", where an address such as https://HOST was expected: correct AWS_ENDPOINT_URL, or endpoint_url of the profile`
  );
}

/**
 * A client of the SDK. Credentials, region and endpoint are found where the tools of AWS find them
 * (https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html).
 *
 * @throws ConvertError `unreadable` for certificates that cannot be read
 */
export function newClient(sdk: typeof Sdk, { logger }: Searched): S3Client {
  const config: S3ClientConfig = {
    region: () => region(sdk),
    logger,
    followRegionRedirects: true,
    // Others check what is sent by its MD5, as all do.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Asked again by `S3Connection`, which knows of bodies that end too soon.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECTING,
      socketTimeout: SILENT,
      httpsAgent: { maxSockets: SOCKETS, ...proxies(), ...authorities() },
      httpAgent: { maxSockets: SOCKETS, ...proxies() }
    }
  };
  // Who has signed in again has other files: they are read anew, and not kept by the SDK.
  Object.assign(config, { ignoreCache: true });
  if (isAnonymous())
    Object.assign(config, {
      signer: { sign: async <T>(request: T): Promise<T> => request },
      credentials: { accessKeyId: 'anonymous', secretAccessKey: 'anonymous' }
    });
  const client = new sdk.S3Client(config);
  addHeaders(client);
  // Names of buckets lead to hosts only with Amazon.
  Object.assign(client.config, { forcePathStyle: () => isForeign(client) });
  return client;
}
