import { ObjectStorageError, type ObjectStorageErrorKind } from './object-storage.js';

/** What was asked of the server. */
export interface RequestContext {
  /** As in a bucket policy: `s3:PutObject`. */
  readonly action: 's3:PutObject' | 's3:GetObject' | 's3:ListBucket';
  readonly bucket: string;
  /** The key, or a listing's prefix. */
  readonly key: string;
  readonly server: string;
}

interface Meaning {
  readonly kind: ObjectStorageErrorKind;
  /** What happened and what to do; the place is added. */
  readonly text: string;
}

const DENIED_CODES: Readonly<Record<string, string>> = {
  RequestTimeTooSkewed:
    'this machine’s clock differs too much from the server’s: set the clock, best by NTP, on the one that is wrong',
  InvalidAccessKeyId: 'the server does not know the access key: check AWS_ACCESS_KEY_ID',
  // versitygw's word for it.
  XAdminUserNotFound: 'the server does not know the access key: check AWS_ACCESS_KEY_ID',
  SignatureDoesNotMatch:
    'the secret key does not belong to the access key: check AWS_SECRET_ACCESS_KEY for a wrong or cut value',
  ExpiredToken:
    'the session’s credentials have expired: renew AWS_SESSION_TOKEN and the keys that came with it',
  InvalidToken: 'the server refuses AWS_SESSION_TOKEN: renew it and the keys that came with it, or unset it',
  AuthorizationHeaderMalformed:
    'the request was signed for another region or service: set S3_REGION to the bucket’s region',
};

const THROTTLED_CODES = new Set(['SlowDown', 'TooManyRequests', 'RequestLimitExceeded', 'Throttling']);
const FULL_CODES = new Set(['XMinioStorageFull', 'QuotaExceeded', 'XMinioAdminBucketQuotaExceeded']);
const IN_PROGRESS_CODES = new Set(['ConditionalRequestConflict', 'OperationAborted']);
const REDIRECT_CODES = new Set([
  'PermanentRedirect',
  'TemporaryRedirect',
  'IllegalLocationConstraintException',
]);

/** Failures before anything was sent. */
const NOT_SENT = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL'],
  ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ...[
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'CERT_HAS_EXPIRED',
    'CERT_NOT_YET_VALID',
  ],
  ...['ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'],
]);

/** Says what an error of the SDK means. */
export function s3Failure(error: unknown, context: RequestContext): ObjectStorageError {
  const status = statusOf(error);
  const { kind, text } =
    status === undefined ? withoutAnswer(error, context) : answered(status, error, context);
  const place = `${context.action} of ${context.bucket}/${context.key} at ${context.server}`;
  return new ObjectStorageError(kind, `${place}: ${text}`, status !== undefined, { cause: error });
}

/** The failure of a request whose deadline has passed. */
export function deadlinePassed(timeoutMs: number, context: RequestContext): ObjectStorageError {
  const place = `${context.action} of ${context.bucket}/${context.key} at ${context.server}`;
  const text = `no whole answer within ${timeoutMs} ms: check the server’s load and the network, or raise S3_REQUEST_TIMEOUT`;
  return new ObjectStorageError(unknownOutcome(context), `${place}: ${text}`, false);
}

/** Whether the error is the server’s word that there is no such object. */
export function isNoSuchKey(error: unknown): boolean {
  return nameOf(error) === 'NoSuchKey' || (statusOf(error) === 404 && nameOf(error) === 'NotFound');
}

function answered(status: number, error: unknown, context: RequestContext): Meaning {
  const code = nameOf(error);
  const said = `the server answers ${status} ${code}${detailOf(error)}`;
  const denied = DENIED_CODES[code];
  if (denied !== undefined) return { kind: 'denied', text: `${denied} (${said})` };
  if (status === 412) return { kind: 'exists', text: 'the object exists' };
  if (IN_PROGRESS_CODES.has(code)) {
    return { kind: 'in_progress', text: 'another request is creating the same object' };
  }
  if (code === 'NoSuchBucket') {
    return { kind: 'no_bucket', text: 'the bucket does not exist: create it, or correct S3_BUCKET' };
  }
  if (THROTTLED_CODES.has(code) || status === 429) {
    return { kind: 'throttled', text: `too many requests (${said})` };
  }
  if (FULL_CODES.has(code) || status === 507) {
    return { kind: 'full', text: `no space is left, or the quota is used up: make room (${said})` };
  }
  if (REDIRECT_CODES.has(code) || (status >= 300 && status < 400)) {
    return { kind: 'other', text: `the bucket is in another region: set S3_REGION to it (${said})` };
  }
  if (status === 501) {
    const text = `the server cannot do what this needs, as a conditional write (If-None-Match): use one that can (${said})`;
    return { kind: 'other', text };
  }
  if (status === 401 || status === 403) return { kind: 'denied', text: deniedText(said, context) };
  if (status >= 500 || status === 408 || code === 'RequestTimeout' || status < 300) {
    return { kind: unknownOutcome(context), text: said };
  }
  return { kind: 'other', text: said };
}

function deniedText(said: string, { action, bucket }: RequestContext): string {
  const remedy = `allow ${action} on ${bucket} to these credentials`;
  if (action !== 's3:GetObject') return `${remedy} (${said})`;
  // Without the right to list, S3 answers 403 where it would answer 404.
  return `${remedy}, or s3:ListBucket if the object may be missing: without it, a missing object is answered so, too (${said})`;
}

function withoutAnswer(error: unknown, context: RequestContext): Meaning {
  const detail = error instanceof Error ? error.message : String(error);
  if (nameOf(error) === 'CredentialsProviderError' || nameOf(error) === 'TokenProviderError') {
    const text = `no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or another source that the AWS SDK knows (${detail})`;
    return { kind: 'denied', text };
  }
  const code = networkCodeOf(error);
  if (code === undefined && nameOf(error) === 'TimeoutError') {
    const text =
      'no connection in time: check S3_ENDPOINT, firewalls and network policies, or raise S3_CONNECT_TIMEOUT';
    return { kind: 'unavailable', text };
  }
  const kind = code !== undefined && NOT_SENT.has(code) ? 'unavailable' : unknownOutcome(context);
  return { kind, text: `${remedyFor(code)} (${detail})` };
}

function remedyFor(code: string | undefined): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there: check S3_ENDPOINT, and that the server runs';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name cannot be resolved: check S3_ENDPOINT and DNS; with virtual-host style the bucket is part of the name';
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'the server does not speak TLS there: write http:// into S3_ENDPOINT if it should not';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'the server’s certificate is for another name: use that name in S3_ENDPOINT, or give the server a fitting certificate';
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return 'the server’s certificate is not valid at this time: renew it, or set the clock';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return 'the host cannot be reached: check S3_ENDPOINT, routes and network policies';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return 'the server’s certificate is not trusted: name its authority’s certificate in S3_CA_FILE';
    default:
      return 'the connection broke: check the network, and that what listens there is an S3 server';
  }
}

function unknownOutcome({ action }: RequestContext): ObjectStorageErrorKind {
  return action === 's3:PutObject' ? 'ambiguous' : 'unavailable';
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

function detailOf(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  return message === '' || message === nameOf(error) || message === 'UnknownError' ? '' : `: ${message}`;
}

/** The HTTP status; undefined when there was no answer. */
function statusOf(error: unknown): number | undefined {
  const { $metadata, $response } = (error ?? {}) as {
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly $response?: { readonly statusCode?: number };
  };
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}

/** Node's code of a network error, also of one that tried several addresses. */
function networkCodeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) {
    const codes = error.errors.map(networkCodeOf);
    return codes.every((code) => code !== undefined && NOT_SENT.has(code))
      ? codes[0]
      : codes.find((code) => code !== undefined && !NOT_SENT.has(code));
  }
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause === undefined ? undefined : networkCodeOf(error.cause);
}
