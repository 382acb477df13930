// What scripts remember between messages: which they saw (RFC 7352), whom they answered (RFC 5230 §4.2), and that their owner was told that
// one failed. Each note stands for the message it was made for: to that one, delivered again, it is as if it were not there, so that a
// delivery that is repeated wants the same again.
//
//   SIEVE#<account id> / <kind>#<hash of the name>   by (message and recipient), untilMs, ttl; in the counters table

import { createHash } from 'node:crypto'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type Key, type Table } from '#shared/storage/ports.ts'

export type Note = {
  readonly account: AccountId
  readonly kind: 'seen' | 'answered' | 'failed'
  readonly name: string
  /** The message, as it comes to this recipient. */
  readonly by: string
}

export interface FilterMemory {
  /** Whether another message made it, and its time is not over. */
  isNoted(note: Note): Promise<boolean>
  /** False where another message has: of several at once one has it. The same message has it as often as it asks. */
  take(note: Note, seconds: number): Promise<boolean>
  /** It holds for so long from now on, whoever made it. */
  prolong(note: Note, seconds: number): Promise<void>
}

export const MEMORY_PK = 'SIEVE#'

export function createFilterMemory(deps: {
  readonly counters: Pick<Table, 'get' | 'write'>
  readonly clock: Clock
}): FilterMemory {
  const { counters, clock } = deps

  const times = (seconds: number) => {
    const untilMs = clock.now() + seconds * 1_000
    return { untilMs, ttl: Math.ceil(untilMs / 1_000) }
  }

  async function take(note: Note, seconds: number): Promise<boolean> {
    const { by } = note
    try {
      await counters.write({
        put: { ...keyOf(note), by, ...times(seconds) },
        if: {
          any: [
            { absent: 'pk' },
            { attribute: 'untilMs', is: '<=', value: clock.now() },
            { attribute: 'by', is: '=', value: by },
          ],
        },
      })
      return true
    } catch (error) {
      if (error instanceof ConditionFailed) return false
      throw error
    }
  }

  return {
    take,

    async isNoted(note) {
      const item = await counters.get(keyOf(note), { consistent: true })
      return item !== undefined && Number(item.untilMs) > clock.now() && item.by !== note.by
    },

    async prolong(note, seconds) {
      if (await take(note, seconds)) return
      try {
        await counters.write({
          update: keyOf(note),
          changes: { set: times(seconds) },
          if: { exists: 'pk' },
        })
      } catch (error) {
        // Gone in this moment; it was over.
        if (!(error instanceof ConditionFailed)) throw error
      }
    },
  }
}

/** Names are others' text, of any length. */
function keyOf({ account, kind, name }: Note): Key {
  const hash = createHash('sha256').update(name).digest('base64url')
  return { pk: `${MEMORY_PK}${account}`, sk: `${kind}#${hash}` }
}
