// The SDK clients of one store and when each of them may repeat a request by itself.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'

export type AwsClients = {
  /** For reads, transactions with a token and writes that may be repeated: the SDK retries as usual. */
  readonly dynamo: DynamoDBClient
  /**
   * For writes that must not be applied twice (`add`, conditions). Repeated only after throttling, where DynamoDB refuses before
   * it writes, and when there was no connection. After a lost answer a repetition would count twice, or report as refused a
   * condition that its own first attempt had made false.
   */
  readonly dynamoExact: DynamoDBClient
  readonly s3: S3Client
  readonly sqs: SQSClient
}

export type AwsClientOptions = {
  readonly region: string
  /** Other servers than Amazon's, for tests and for private endpoints. */
  readonly endpoints?: { readonly dynamodb?: string; readonly s3?: string; readonly sqs?: string }
  /** Default: the SDK's own chain (task role, environment, profile). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Attempts of one request at most, the first included. Default: the SDK's own. */
  readonly attemptsMax?: number
  /** Time for one attempt of a DynamoDB request. Default 6 s. */
  readonly dynamoTimeoutMs?: number
}

/** The SDK takes other addresses from its own variables; S3 must be told, because bucket names cannot be host names there. */
export function endpointsIn(environment: {
  readonly [variable: string]: string | undefined
}): NonNullable<AwsClientOptions['endpoints']> {
  const s3 = environment.AWS_ENDPOINT_URL_S3 ?? environment.AWS_ENDPOINT_URL
  return s3 === undefined ? {} : { s3 }
}

const CONNECT_TIMEOUT_MS = 3_000
const DYNAMO_REQUEST_TIMEOUT_MS = 6_000
/** Longest silence on a connection that carries an object; a reader slower than this resumes by range. */
const S3_IDLE_TIMEOUT_MS = 30_000
/** Longer than the longest poll of 20 s. */
const SQS_REQUEST_TIMEOUT_MS = 30_000
const SOCKETS_MAX = 256

export function openAwsClients(options: AwsClientOptions): AwsClients {
  const shared = {
    region: options.region,
    ...(options.credentials && { credentials: options.credentials }),
    ...(options.attemptsMax !== undefined && { maxAttempts: options.attemptsMax }),
  }
  const dynamoOptions = {
    ...shared,
    ...(options.endpoints?.dynamodb !== undefined && { endpoint: options.endpoints.dynamodb }),
  }
  const dynamo = new DynamoDBClient({
    ...dynamoOptions,
    requestHandler: requestHandler({
      requestTimeout: options.dynamoTimeoutMs ?? DYNAMO_REQUEST_TIMEOUT_MS,
    }),
  })
  return {
    dynamo,
    dynamoExact: new DynamoDBClient({
      ...dynamoOptions,
      requestHandler: dynamo.config.requestHandler, // one pool of connections
      retryStrategy: onlyWhatIsUndone(dynamo.config.retryStrategy),
    }),
    s3: new S3Client({
      ...shared,
      ...(options.endpoints?.s3 !== undefined && {
        endpoint: options.endpoints.s3,
        forcePathStyle: true,
      }),
      requestHandler: requestHandler({ socketTimeout: S3_IDLE_TIMEOUT_MS }),
      // The extra round trip is for uploads of gigabytes; the SDK pays for it with a new connection each time.
      expectContinueHeader: false,
    }),
    sqs: new SQSClient({
      ...shared,
      ...(options.endpoints?.sqs !== undefined && { endpoint: options.endpoints.sqs }),
      requestHandler: requestHandler({ requestTimeout: SQS_REQUEST_TIMEOUT_MS }),
    }),
  }
}

export function closeAwsClients(clients: AwsClients): void {
  clients.dynamo.destroy()
  clients.dynamoExact.destroy()
  clients.s3.destroy()
  clients.sqs.destroy()
}

function requestHandler(timeouts: { requestTimeout?: number; socketTimeout?: number }) {
  return {
    ...timeouts,
    throwOnRequestTimeout: true,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    httpsAgent: { maxSockets: SOCKETS_MAX, keepAlive: true },
    httpAgent: { maxSockets: SOCKETS_MAX, keepAlive: true },
  }
}

type RetryStrategy = Extract<
  Awaited<ReturnType<DynamoDBClient['config']['retryStrategy']>>,
  { acquireInitialRetryToken: unknown }
>

/** The SDK's own strategy with its pauses and limits, refusing to repeat what may already have been done. */
function onlyWhatIsUndone(usual: DynamoDBClient['config']['retryStrategy']): RetryStrategy {
  const strategy = async (): Promise<RetryStrategy> => {
    const resolved = await usual()
    if ('acquireInitialRetryToken' in resolved) return resolved
    throw new TypeError('the SDK has a retry strategy of an unknown kind')
  }
  return {
    acquireInitialRetryToken: async (scope) => (await strategy()).acquireInitialRetryToken(scope),
    refreshRetryTokenForRetry: async (token, failure) => {
      const isUndone = failure.errorType === 'THROTTLING' || wasNeverSent(failure.error)
      if (!isUndone) throw new Error('may have been done already')
      return (await strategy()).refreshRetryTokenForRetry(token, failure)
    },
    recordSuccess: (token) => {
      void strategy().then((resolved) => resolved.recordSuccess(token))
    },
  }
}

const noConnectionCodes: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])

function wasNeverSent(error: Error | undefined): boolean {
  return error !== undefined && 'code' in error && noConnectionCodes.has(error.code)
}
