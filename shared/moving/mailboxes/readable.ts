// The bytes of one message of a source, in the form of the wire. What cannot be read of them is the matter of that message alone: others go on.

import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { MessageGone, SourceFailure } from './source.ts'
import { type WireForm, wireForm } from './wire-form.ts'

/** One message of the source, and nothing else of it. */
export class Unreadable extends Error {
  /** There is no such message there any more. */
  get isGone(): boolean {
    return this.cause instanceof MessageGone
  }
}

export async function* readable(
  bytes: AsyncIterable<Uint8Array>,
  told?: (form: WireForm) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* wireForm(bytes, told)
  } catch (error) {
    if (error instanceof TemporaryFailure || error instanceof SourceFailure) throw error
    throw new Unreadable(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** To be given what reading one was rejected with. */
export function unlessUnreadable(error: unknown): Unreadable {
  if (error instanceof Unreadable) return error
  throw error
}
