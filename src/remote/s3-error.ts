import { errorName } from '../model/error-name.ts';
import { ConvertError, type ErrorCode } from '../model/errors.ts';
import { BUSY_STATUS, CONNECTION, CutOff } from './attempts.ts';
import { unreached } from './unreached.ts';

/** Which side of the work a bucket is on. */
export type BucketSide = 'source' | 'output';

/** A request that a bucket did not grant, in words, and what it said itself. */
export class S3Error extends ConvertError {
  /** Of HTTP; null where no answer came. */
  readonly status: number | null;
  /** Its own word, such as `AccessDenied`. */
  readonly reason: string;
  /** The action that is not allowed, such as `kms:Decrypt`; null where the bucket does not say. */
  readonly action: string | null;

  constructor(
    code: ErrorCode,
    message: string,
    side: BucketSide,
    status: number | null,
    reason: string,
    action: string | null = null
  ) {
    super(code, message, side);
    this.status = status;
    this.reason = reason;
    this.action = action;
  }
}

/** That a condition does not hold. */
export const PRECONDITION = 'PreconditionFailed';
/** Whether an object was not written because its condition does not hold. */
export const isRefusedByCondition = (error: unknown): boolean =>
  error instanceof S3Error && (error.reason === PRECONDITION || error.reason === 'ConditionalRequestConflict');
/** Whether it was not written because the store knows no conditions, as not every one does. */
export const isUnknownCondition = (error: unknown): boolean =>
  error instanceof S3Error && (error.status === 501 || error.reason === 'NotImplemented');

/** Whether a request was refused because whoever asks has no right to it. */
export const isDenied = (error: unknown): boolean =>
  error instanceof S3Error && error.status === 403 && error.reason === 'AccessDenied';

/** Whether an object is not there, in a bucket that is. */
export const isMissing = (error: unknown): boolean =>
  error instanceof S3Error &&
  error.status === 404 &&
  error.reason !== 'NoSuchBucket' &&
  error.reason !== 'NoSuchUpload';

/** An error of the SDK. */
interface SdkError extends Error {
  Code?: string;
  code?: string;
  $metadata?: { httpStatusCode?: number };
  $retryable?: object;
}

const BUSY = [
  'SlowDown',
  'InternalError',
  'RequestTimeout',
  'ServiceUnavailable',
  'TooManyRequests',
  'OperationAborted'
];

export const statusOf = (error: unknown): number | null => (error as SdkError).$metadata?.httpStatusCode ?? null;
export const reasonOf = (error: unknown): string => (error as SdkError).Code ?? (error as Error).name ?? 'Unknown';

/** Whether a connection to the store had come about. */
const wasConnected = (error: unknown): boolean =>
  /^(ECONNRESET|ECONNABORTED|EPIPE)$/.test(errorName(error) ?? '') || /socket hang up/i.test((error as Error).message);

/** Whether the same request may do better a little later; `wasThere`: whether the store has answered before. */
export function isPassing(error: unknown, wasThere: boolean): boolean {
  const { name, code, message } = error as SdkError;
  const status = statusOf(error);
  if (error instanceof CutOff || name === 'TimeoutError' || BUSY.includes(reasonOf(error))) return true;
  // A gateway's page in place of S3's answer.
  if (status !== null && BUSY_STATUS.includes(status)) return true;
  const system = errorName(error) ?? code ?? '';
  if (system === 'ECONNREFUSED') return wasThere;
  return CONNECTION.test(system) || /socket hang up|premature|aborted|network/i.test(message);
}

/** Whether what the signature is made of is out of date, and may be had anew. */
export const isStale = (error: unknown): boolean =>
  ['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestTimeTooSkewed', 'RequestExpired'].includes(
    reasonOf(error)
  );

const CREDENTIALS =
  'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in (aws sso login); for a public bucket set AWS_NO_SIGN_REQUEST=YES';

/** Which profile was asked for them, if one was named. */
const ofProfile = (): string =>
  process.env.AWS_PROFILE ? ` by the profile ${process.env.AWS_PROFILE} (AWS_PROFILE)` : '';

/** What a request does to an object, as in "it cannot be read". */
export type Doing = 'read' | 'written' | 'removed';

/** What a bucket may have wanted to hear, and was not told. */
function unsaid(doing: Doing): string {
  const { AWS_REQUEST_PAYER, AWS_SERVER_SIDE_ENCRYPTION, AWS_SSE_KMS_KEY_ID } = process.env;
  if (doing === 'read')
    return AWS_REQUEST_PAYER ? '' : '; for a bucket where the requester pays set AWS_REQUEST_PAYER=requester';
  return doing === 'removed' || AWS_SERVER_SIDE_ENCRYPTION || AWS_SSE_KMS_KEY_ID
    ? ''
    : '; for a bucket that wants encryption asked for set AWS_SERVER_SIDE_ENCRYPTION';
}

/**
 * The error of a request for `name`, with what to do about it. `searched`: why no credentials were found.
 */
export function s3Error(
  error: unknown,
  name: string,
  doing: Doing,
  side: BucketSide,
  searched: string | null = null
): unknown {
  if (error instanceof ConvertError || (error as Error).name === 'AbortError') return error;
  const status = statusOf(error);
  const reason = reasonOf(error);
  const { message } = error as Error;
  const bucket = /^s3:\/\/[^/]+/.exec(name)?.[0] ?? name;
  const refused: ErrorCode = doing === 'read' ? 'unreadable' : 'output-unwritable';
  const action = /not authorized to perform: ([\w:]+)/.exec(message)?.[1] ?? null;
  const fail = (text: string, code: ErrorCode = refused): S3Error =>
    new S3Error(code, `${name}: ${text}`, side, status, reason, action);
  // What holds for the whole bucket is said of that: the object is often one that only this program knows.
  const failAll = (text: string, code: ErrorCode = refused): S3Error =>
    new S3Error(code, `${bucket}: ${text}`, side, status, reason, action);
  const none = (why: string): S3Error =>
    failAll(`no credentials were found for it${ofProfile()} (${why}): ${CREDENTIALS}`);
  const { path } = error as NodeJS.ErrnoException;
  // The SDK reads no other files.
  if (path !== undefined) return none(`${path} cannot be read, ${errorName(error)}`);
  if (action?.startsWith('sts:'))
    return failAll(
      `these credentials may not take on the role that is set up${ofProfile()} (${status} ${reason}, ${action}): ask whoever owns that role to let them, or use others (AWS_PROFILE)`
    );
  switch (reason) {
    case 'CredentialsProviderError':
    case 'TokenProviderError':
      if (/multi-factor/i.test(message))
        return failAll(
          `the role that is set up${ofProfile()} wants a code (MFA), which nobody is asked for here: give its keys (aws configure export-credentials --format env)`
        );
      return none(/from any providers$/.test(message) ? (searched ?? 'none are set up') : message);
    case 'InvalidIdentityToken':
      return failAll(
        `the token in AWS_WEB_IDENTITY_TOKEN_FILE is not accepted (${reason}: ${message}): have a new one issued`
      );
    case 'NoSuchBucket':
      return failAll('there is no such bucket: check its name', 'not-found');
    case 'NoSuchKey':
    case 'NotFound':
      return fail('there is no such object', 'not-found');
    case 'KeyTooLongError':
      return fail('a bucket has no keys of so many bytes (1,024 at most): choose a shorter name');
    case 'InvalidBucketName':
      return failAll('this is no name of a bucket', 'bad-option');
    case 'InvalidAccessKeyId':
    case 'InvalidClientTokenId':
    case 'SignatureDoesNotMatch':
    case 'InvalidToken':
    case 'UnrecognizedClientException':
      return failAll(`the credentials are not accepted (${reason}): check them: ${CREDENTIALS}`);
    case 'ExpiredToken':
    case 'ExpiredTokenException':
    case 'TokenRefreshRequired':
    case 'RequestExpired':
      return failAll(
        `the credentials have expired (${reason}): sign in again (aws sso login), or have new ones issued`
      );
    case 'RequestTimeTooSkewed':
      return failAll(
        "this machine's clock and the server's differ too much (RequestTimeTooSkewed): set the clock right"
      );
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
    case 'IllegalLocationConstraintException':
    case '301':
      return failAll(`the bucket is in another region (${reason}): set AWS_REGION to that of the bucket`);
    case 'QuotaExceeded':
    case 'XMinioStorageFull':
      return failAll(
        `the bucket's quota is used up (${reason}): free some space, or choose another output`,
        'disk-full'
      );
  }
  if (status === 301 || status === 307)
    return failAll(`the bucket is in another region (${status}): set AWS_REGION to that of the bucket`);
  if (reason.startsWith('KMS.'))
    return fail(
      `the key that it is encrypted with cannot be used (${reason}: ${message}): check it (AWS_SSE_KMS_KEY_ID, or the bucket's own)`
    );
  if (status === 401 || status === 403)
    return fail(
      `access is denied (${status} ${reason}${action ? `, ${action}` : ''}): ask whoever owns the bucket to let these credentials ${doing === 'read' ? 'read and list it' : 'write, list and delete in it'}, or use others (AWS_PROFILE)${unsaid(doing)}`
    );
  if (error instanceof CutOff) return fail(`${message}: try again later`);
  if (status === 404) return fail('there is no such object', 'not-found');
  if (status === null)
    return (wasConnected(error) ? fail : failAll)(
      `it cannot be ${doing} (${unreached(error) ?? message}): check the connection and the endpoint (AWS_ENDPOINT_URL), and try again later`
    );
  const remedy = status < 500 ? 'ask whoever runs the server' : 'try again later';
  return fail(`it cannot be ${doing} (${status} ${reason}: ${message}): ${remedy}`);
}
