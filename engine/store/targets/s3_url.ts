import { RunError } from '../../errors.ts';

/** What an address `s3://bucket/prefix?…` says; plain data. */
export interface S3Location {
  readonly bucket: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
  /** null: from the environment or the shared configuration. */
  readonly region: string | null;
  /** null: from the environment, the shared configuration, or AWS itself. */
  readonly endpoint: string | null;
  /** Whether the bucket is named in the path instead of the host; null: wherever an endpoint is given. */
  readonly pathStyle: boolean | null;
  /** Bytes of a part of a multipart upload, and of a range of a parallel read. */
  readonly partBytes: number;
  /** Transfers at a time, for writes and for reads each. */
  readonly concurrency: number;
}

/** What S3 allows. */
export const MIN_PART_BYTES = 5 << 20;
const MAX_PART_BYTES = 5 * 2 ** 30;
const DEFAULT_PART_BYTES = 8 << 20;
const DEFAULT_CONCURRENCY = 4;
const MAX_CONCURRENCY = 64;

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

const PARAMETERS = ['region', 'endpoint', 'path_style', 'part_size', 'concurrency'];

/** Reads an address. Throws RunError FLOW7016 that names what is wrong in it; the text of the address is not repeated where it may hold a secret. */
export function parseS3Url(url: string): S3Location {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw invalid('the address of a bucket cannot be read', 'Write s3://bucket/prefix?region=…');
  }
  if (parsed.username !== '' || parsed.password !== '') throw secretInUrl();
  const bucket = parsed.hostname;
  if (parsed.port !== '' || !/^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/i.test(bucket)) {
    throw invalid(`"${parsed.host}" is not the name of a bucket`, 'Write s3://bucket/prefix?region=…');
  }
  for (const name of parsed.searchParams.keys()) {
    if (/key|secret|token|password/i.test(name)) throw secretInUrl();
    if (!PARAMETERS.includes(name)) {
      throw invalid(`s3://${bucket}: there is no parameter "${name}"`, `There are ${PARAMETERS.join(', ')}.`);
    }
  }
  let prefix: string;
  try {
    prefix = decodeURIComponent(parsed.pathname).replace(/^\/+|\/+$/g, '');
  } catch {
    throw invalid(`s3://${bucket}: the prefix has a % that stands for nothing`, 'Write %25 for a percent sign.');
  }
  const get = (name: string): string | null => parsed.searchParams.get(name) || null;
  return {
    bucket,
    prefix,
    region: get('region'),
    endpoint: endpoint(bucket, get('endpoint')),
    pathStyle: flag(bucket, get('path_style')),
    partBytes: partBytes(bucket, get('part_size')),
    concurrency: concurrency(bucket, get('concurrency')),
  };
}

function endpoint(bucket: string, text: string | null): string | null {
  if (text === null) return null;
  let parsed: URL;
  try {
    parsed = new URL(text);
  } catch {
    throw invalid(`s3://${bucket}: endpoint is not an address`, 'Write endpoint=https://host:port');
  }
  if (parsed.username !== '' || parsed.password !== '') throw secretInUrl();
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw invalid(
      `s3://${bucket}: endpoint=${text} is neither http:// nor https://`,
      'Write endpoint=https://host:port',
    );
  }
  return text;
}

function flag(bucket: string, text: string | null): boolean | null {
  if (text === null) return null;
  if (text === '1' || text === 'true') return true;
  if (text === '0' || text === 'false') return false;
  throw invalid(`s3://${bucket}: path_style=${text}`, 'It is 1 or 0.');
}

function partBytes(bucket: string, text: string | null): number {
  if (text === null) return DEFAULT_PART_BYTES;
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text);
  const bytes = Math.floor(Number(match?.[1]) * (UNITS[(match?.[2] ?? '').toLowerCase()] ?? Number.NaN));
  if (bytes >= MIN_PART_BYTES && bytes <= MAX_PART_BYTES) return bytes;
  throw invalid(`s3://${bucket}: part_size=${text}`, 'It is a size from 5MiB to 5GiB.');
}

function concurrency(bucket: string, text: string | null): number {
  if (text === null) return DEFAULT_CONCURRENCY;
  const n = /^\d+$/.test(text) ? Number(text) : 0;
  if (n >= 1 && n <= MAX_CONCURRENCY) return n;
  throw invalid(`s3://${bucket}: concurrency=${text}`, `It is a number from 1 to ${MAX_CONCURRENCY}.`);
}

/** The place as it is named in messages: without parameters. */
export function s3Place(l: S3Location): string {
  return l.prefix === '' ? `s3://${l.bucket}` : `s3://${l.bucket}/${l.prefix}`;
}

function secretInUrl(): RunError {
  return invalid(
    'an s3:// address must not hold credentials',
    'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile: addresses end up in logs and lists of processes.',
  );
}

function invalid(what: string, hint: string): RunError {
  return new RunError('FLOW7016', `spillDirs: ${what}`, {}, hint);
}
