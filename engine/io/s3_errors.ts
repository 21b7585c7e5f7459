import { RunError } from '../errors.ts';
import { s3Place } from '../store/targets/s3_url.ts';
import type { S3Connection } from './s3_client.ts';

/** What an error of the SDK, of the server or of the network is known by. */
interface Failure {
  /** Names and codes, most telling first. */
  readonly names: readonly string[];
  readonly status: number | undefined;
  readonly message: string;
}

interface SdkError {
  readonly name?: string;
  readonly Code?: string;
  readonly code?: string;
  readonly message?: string;
  readonly errors?: readonly unknown[];
  readonly cause?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

function failureOf(e: unknown): Failure {
  const known = (typeof e === 'object' && e !== null ? e : {}) as SdkError;
  const inner = [...(known.errors ?? []), known.cause].filter((x) => typeof x === 'object' && x !== null) as SdkError[];
  const names = [known, ...inner]
    .flatMap((x) => [x.Code, x.code, x.name])
    .filter((x): x is string => typeof x === 'string' && x !== 'Error');
  const message = [known, ...inner].map((x) => x.message).find((m) => m !== undefined && m !== '') ?? String(e);
  return { names, status: known.$metadata?.httpStatusCode, message };
}

const NETWORK = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_PREMATURE_CLOSE',
  'TimeoutError',
];
const BUSY = [
  'SlowDown',
  'ServiceUnavailable',
  'InternalError',
  'RequestTimeout',
  'ThrottlingException',
  'Throttling',
  'OperationAborted',
];

interface Explanation {
  readonly names: readonly string[];
  readonly statuses?: readonly number[];
  readonly why: string;
  readonly hint: string;
}

const RULES: readonly Explanation[] = [
  {
    names: ['CredentialsProviderError', 'CredentialsError'],
    why: 'no credentials were found',
    hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the machine a role.',
  },
  {
    names: [
      'InvalidAccessKeyId',
      'SignatureDoesNotMatch',
      'ExpiredToken',
      'ExpiredTokenException',
      'InvalidToken',
      'TokenRefreshRequired',
    ],
    why: 'the credentials are not accepted: the key is unknown, the secret is wrong, or they have expired',
    hint: 'Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile that AWS_PROFILE names.',
  },
  {
    names: ['RequestTimeTooSkewed'],
    why: "the clock of this machine differs too much from the server's",
    hint: 'Set the clock.',
  },
  {
    names: ['NoSuchBucket'],
    why: 'there is no such bucket',
    hint: 'Make the bucket first, and check its name and the endpoint.',
  },
  {
    names: [
      'PermanentRedirect',
      'AuthorizationHeaderMalformed',
      'IllegalLocationConstraintException',
      'TemporaryRedirect',
    ],
    statuses: [301, 307],
    why: 'the bucket is in another region',
    hint: "Give the bucket's region with ?region=…",
  },
  {
    names: ['QuotaExceeded', 'XMinioStorageFull', 'InsufficientStorage'],
    statuses: [507],
    why: 'the storage is full, or a quota is used up',
    hint: 'Make room there, give another place with --spill-dir, or more memory with --memory.',
  },
  {
    names: ['NoSuchKey', 'NotFound'],
    why: 'the object is gone',
    hint: 'Nothing else must touch the prefix while a run goes on: check the lifecycle rules of the bucket.',
  },
  {
    names: ['InvalidRange'],
    statuses: [416],
    why: 'the object is shorter than what was written',
    hint: 'Nothing else must touch the prefix while a run goes on.',
  },
  {
    names: ['AccessDenied', 'Forbidden', 'AllAccessDisabled'],
    statuses: [401, 403],
    why: 'access is denied',
    hint: 'The credentials need s3:PutObject, s3:GetObject, s3:DeleteObject, s3:AbortMultipartUpload, s3:ListBucket and s3:ListBucketMultipartUploads there.',
  },
  {
    names: NETWORK,
    why: 'the server cannot be reached',
    hint: 'Check the endpoint, and that the server runs and can be reached from here.',
  },
  {
    names: BUSY,
    statuses: [429, 500, 502, 503, 504],
    why: 'the server fails or is overloaded',
    hint: 'Try again later, lower ?concurrency=…, or give another place with --spill-dir.',
  },
];

/** Whether another attempt may succeed. */
export function isTransient(e: unknown): boolean {
  const { names, status } = failureOf(e);
  return (
    (status !== undefined && (status >= 500 || status === 429)) ||
    names.some((n) => NETWORK.includes(n) || BUSY.includes(n))
  );
}

export function isNamed(e: unknown, ...wanted: string[]): boolean {
  return failureOf(e).names.some((n) => wanted.includes(n));
}

/** `what`: what could not be done (`spill to`), `operation`: the request that failed (`PutObject`). Secrets are in none of the texts. */
export function s3Error(e: unknown, connection: S3Connection, what: string, operation: string): RunError {
  if (e instanceof RunError) return e;
  const failure = failureOf(e);
  const rule =
    RULES.find((r) => failure.names.some((n) => r.names.includes(n))) ??
    RULES.find((r) => failure.status !== undefined && r.statuses?.includes(failure.status));
  const place = s3Place(connection.location);
  const region = (e as SdkError).$response?.headers?.['x-amz-bucket-region'];
  const tried = [
    operation,
    ...(failure.status === undefined ? [] : [`HTTP ${failure.status}`]),
    ...(failure.names[0] === undefined ? [] : [failure.names[0]]),
    ...(region === undefined ? [] : [`the bucket's region is ${region}`]),
    connection.via,
  ];
  return new RunError(
    'FLOW7008',
    `cannot ${what} ${place}: ${rule?.why ?? failure.message} (${tried.join(', ')})`,
    { file: place },
    rule?.hint ?? 'Give another place with --spill-dir, or more memory with --memory.',
  );
}
