// A script failed: the message is kept where it would be without it, and its owner finds in INBOX what went wrong, once a day.

import type { LocalResult } from '#shared/queue/pipeline.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { FilterMemory } from '#shared/sieve/memory.ts'
import type { RunContext } from '#shared/sieve/run/context.ts'
import type { RunResult } from '#shared/sieve/run/interpreter.ts'
import { type Deposit, oneChunk } from '../deposit.ts'
import { type Letter, noteOf } from '../letter.ts'
import type { Places } from '../places.ts'
import type { Answers } from './answers.ts'

export type TellOwner = (
  letter: Letter,
  context: RunContext,
  failed: Extract<RunResult, { readonly kind: 'failed' }>,
) => Promise<LocalResult>

/** Until the owner is told again. */
const TOLD_SECONDS = 86_400

export function createTellOwner(deps: {
  readonly deposit: Deposit
  readonly places: Places
  readonly memory: Pick<FilterMemory, 'take'>
  readonly answers: Pick<Answers, 'failure'>
  readonly log: Log
}): TellOwner {
  const { deposit, places } = deps

  return async function tellOwner(letter, context, failed) {
    const folder = await places.default(letter)
    const kept = await deposit.message(folder, letter, { takesReserved: false })
    try {
      const { account } = letter
      const note = { account, kind: 'failed', name: '', by: noteOf(letter) } as const
      if (await deps.memory.take(note, TOLD_SECONDS)) {
        const bytes = await deps.answers.failure(failed, context)
        await deposit.bytes(await places.inbox(account), letter, {
          name: 'failure',
          source: oneChunk(bytes),
        })
      }
    } catch (error) {
      // The message is what counts; that a script fails is told with the next one.
      if (!(error instanceof TemporaryFailure)) throw error
      const { queueId } = letter.message
      deps.log.warn({ queueId, to: letter.recipient.address, error }, 'owner not told')
    }
    return kept
  }
}
