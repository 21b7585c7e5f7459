import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { RunError } from '../errors.ts';
import { type S3Location, s3Place } from '../store/targets/s3_url.ts';

export type Sdk = typeof import('@aws-sdk/client-s3');

/** What S3-compatible servers expect that know no regions. */
const ANY_REGION = 'us-east-1';
/** By the SDK: with growing pauses, where the server is overloaded or the connection breaks. */
const ATTEMPTS = 4;
const CONNECT_MS = 5000;
/** A connection on which nothing moves for this long is given up. */
const IDLE_MS = 30_000;

/** The SDK would print that it does not try a stream again: we do. */
const SILENT = { debug: none, info: none, warn: none, error: none };
function none(): void {}

/** A place to send requests to, and what messages say about it. */
export interface S3Connection {
  readonly sdk: Sdk;
  /** Tries again by itself: for requests without streams. */
  readonly client: S3Client;
  /** Tries once: what streams a body or an answer is tried again by its caller. */
  readonly single: S3Client;
  readonly location: S3Location;
  /** For messages: endpoint and region as they were settled. */
  readonly via: string;
}

async function loadSdk(): Promise<Sdk> {
  try {
    return await import('@aws-sdk/client-s3');
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw e;
    throw new RunError(
      'FLOW7016',
      'spilling to s3:// needs the package @aws-sdk/client-s3, which is not installed',
      {},
      'Install it beside flowc: npm install @aws-sdk/client-s3',
    );
  }
}

/** Names of settings as the AWS tools know them. */
function environment(...names: string[]): string | undefined {
  for (const name of names) if (process.env[name]) return process.env[name];
  return undefined;
}

/** Nothing is sent yet. Throws RunError FLOW7016 without the SDK, FLOW7008 when no region is known. */
export async function connectS3(location: S3Location): Promise<S3Connection> {
  const sdk = await loadSdk();
  const endpoint = location.endpoint ?? environment('AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL') ?? null;
  const region =
    location.region ??
    environment('AWS_REGION', 'AWS_DEFAULT_REGION') ??
    (await configuredRegion(sdk)) ??
    (endpoint === null ? null : ANY_REGION);
  if (region === null) {
    throw new RunError(
      'FLOW7008',
      `cannot spill to ${s3Place(location)}: no region is known`,
      { file: s3Place(location) },
      'Add ?region=… to the address, or set AWS_REGION.',
    );
  }
  const sockets = { keepAlive: true, maxSockets: 2 * location.concurrency + 4 };
  const config: S3ClientConfig = {
    region,
    ...(endpoint === null ? {} : { endpoint }),
    forcePathStyle: location.pathStyle ?? endpoint !== null,
    // Objects carry checksums of their own; those of the SDK's trailers are unknown to many compatible servers.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: IDLE_MS, httpAgent: sockets, httpsAgent: sockets },
  };
  const client = new sdk.S3Client({ ...config, maxAttempts: ATTEMPTS });
  const single = new sdk.S3Client({
    ...config,
    credentials: client.config.credentials,
    maxAttempts: 1,
    logger: SILENT,
  });
  return { sdk, client, single, location, via: `${endpoint === null ? '' : `endpoint ${endpoint}, `}region ${region}` };
}

/** The region of the shared configuration's profile. */
async function configuredRegion(sdk: Sdk): Promise<string | null> {
  const client = new sdk.S3Client({});
  try {
    return await client.config.region();
  } catch {
    return null;
  } finally {
    client.destroy();
  }
}
