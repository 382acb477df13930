// What the AWS SDK throws, said in the words of the ports. The SDK has already retried what it may when an error comes here.

import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { StorageMisuse } from '../ports.ts'

/** Requests that can never succeed as they are: a broken limit or a wrong type, not the state of the world. */
const misuseErrors: ReadonlySet<string> = new Set([
  'ValidationException',
  'ItemCollectionSizeLimitExceededException',
  'InvalidMessageContents',
  'InvalidParameterValue',
  'InvalidAttributeValue',
  'KeyTooLongError',
  'EntityTooLarge',
])

/** The error to reject with. Whatever is not known to be misuse or a bug of ours is a failure of the world. */
export function storageFailure(error: unknown, operation: string): unknown {
  if (!(error instanceof Error)) return error
  if (error instanceof StorageMisuse || error instanceof TemporaryFailure) return error
  if (error instanceof TypeError || error instanceof ReferenceError) return error
  const message = `${operation}: ${error.name}: ${error.message}`
  return misuseErrors.has(error.name)
    ? new StorageMisuse(message, { cause: error })
    : new TemporaryFailure(message, { cause: error })
}

/** Runs one call of the SDK; what it throws becomes `StorageMisuse` or `TemporaryFailure`. */
export async function calling<T>(operation: string, call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw storageFailure(error, operation)
  }
}

/** HTTP status of a refused request, undefined when no answer came. */
export function httpStatus(error: unknown): number | undefined {
  return metadata(error, 'httpStatusCode')
}

/**
 * Whether the SDK sent the request more than once. Then a refused condition proves nothing: the lost first attempt may
 * have been the one that made it false.
 */
export function wasRetried(error: unknown): boolean {
  return (metadata(error, 'attempts') ?? 1) > 1
}

function metadata(error: unknown, field: string): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined
  const { $metadata: values } = error
  if (typeof values !== 'object' || values === null) return undefined
  const value: unknown = Reflect.get(values, field)
  return typeof value === 'number' ? value : undefined
}
