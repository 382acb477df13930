// What the SDK throws of a call of WorkMail, told apart: another time may bring an answer, or this one alone has none, or all is refused.

import type { Answer } from '#shared/moving/workmail/questions.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { httpStatus } from '#shared/storage/aws/failures.ts'

/** It is gone meanwhile, has no mailbox, or a directory like this one has no such thing. */
const ofThisOne: ReadonlySet<string> = new Set([
  'EntityNotFoundException',
  'EntityStateException',
  'ResourceNotFoundException',
  'MailDomainNotFoundException',
  'MailDomainStateException',
  'UnsupportedOperationException',
])

/** Modelled as the client's fault, and none. No error of too many calls is modelled; these are AWS's own. */
const passing: ReadonlySet<string> = new Set([
  'DirectoryUnavailableException',
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'TimeoutError',
])

/** Resolves to what is no answer. Rejects with TemporaryFailure; with what is no failure of the call, as it came. */
export function answerOfFailure(
  operation: string,
  error: unknown,
): Exclude<Answer, { readonly kind: 'answer' }> {
  if (!(error instanceof Error)) throw error
  const { name, message: why } = error
  if (ofThisOne.has(name)) return { kind: 'missing', why: `${name}: ${why}` }
  const status = httpStatus(error)
  const isRefusal = status !== undefined && status >= 400 && status < 500 && status !== 429
  if ((isRefusal && !passing.has(name)) || name === 'CredentialsProviderError') {
    return { kind: 'refused', name, why }
  }
  if (error instanceof TypeError || error instanceof ReferenceError) throw error
  throw new TemporaryFailure(`${operation}: ${name}: ${why}`, { cause: error })
}
