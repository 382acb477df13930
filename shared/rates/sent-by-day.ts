// What an account sent in a day: where it is counted, and what may be.
//
// Item SENT#<account id>, <day in UTC>: messages, recipients, bytes, ttl.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Settings } from '#shared/settings/table.ts'
import {
  type Condition,
  ConditionFailed,
  type Item,
  type Key,
  type Table,
} from '#shared/storage/ports.ts'

/** 0: no limit. */
export type SendingLimitOptions = Pick<
  Settings,
  'accountMessageLimitPerDay' | 'accountRecipientLimitPerDay' | 'accountByteLimitPerDay'
>

export const sentKey = (accountId: string, nowMs: number): Key => ({
  pk: `SENT#${accountId}`,
  sk: new Date(nowMs).toISOString().slice(0, 10),
})

export const dayLimits = (options: SendingLimitOptions) =>
  [
    { name: 'messages', max: options.accountMessageLimitPerDay },
    { name: 'recipients', max: options.accountRecipientLimitPerDay },
    { name: 'bytes', max: options.accountByteLimitPerDay },
  ] as const

export type Sent = {
  readonly messages: number
  readonly recipients: number
  readonly bytes: number
}

export type SentCounted =
  | { readonly kind: 'counted' }
  /** The first limit that it would break. */
  | { readonly kind: 'over'; readonly name: keyof Sent; readonly max: number }
  /** Others count at the same time, and took the room. */
  | { readonly kind: 'contended' }

export interface SentByDay {
  /** Whether so much more could be sent now. */
  overWith(accountId: string, more: Sent): Promise<SentCounted>
  /** In one conditional write, so that sessions in many processes together keep the limits. */
  count(accountId: string, more: Sent): Promise<SentCounted>
}

const SECOND_MS = 1_000
const DAY_MS = 24 * 3_600 * SECOND_MS

export function createSentByDay(deps: {
  readonly counters: Pick<Table, 'get' | 'write'>
  readonly clock: Pick<Clock, 'now'>
  readonly options: SendingLimitOptions
}): SentByDay {
  const { counters, clock } = deps
  const limits = dayLimits(deps.options).filter(({ max }) => max > 0)
  const key = (accountId: string) => sentKey(accountId, clock.now())

  function judge(item: Item | undefined, more: Sent): SentCounted {
    const over = limits.find(({ name, max }) => Number(item?.[name] ?? 0) + more[name] > max)
    return over === undefined ? { kind: 'counted' } : { kind: 'over', ...over }
  }

  return {
    async overWith(accountId, more) {
      if (limits.length === 0) return { kind: 'counted' }
      return judge(await counters.get(key(accountId)), more)
    },

    async count(accountId, more) {
      if (limits.length === 0) return { kind: 'counted' }
      const beyondAny = judge(undefined, more)
      if (beyondAny.kind === 'over') return beyondAny
      try {
        await counters.write({
          update: key(accountId),
          changes: {
            add: { ...more },
            // A day after its own, for whoever asks what was sent.
            setIfAbsent: { ttl: Math.ceil((clock.now() + 2 * DAY_MS) / SECOND_MS) },
          },
          if: { all: limits.map(({ name, max }) => hasRoom(name, max - more[name])) },
        })
        return { kind: 'counted' }
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error
        const judged = judge(error.failed[0]?.item, more)
        return judged.kind === 'over' ? judged : { kind: 'contended' }
      }
    },
  }
}

function hasRoom(attribute: string, max: number): Condition {
  return { any: [{ absent: attribute }, { attribute, is: '<=', value: max }] }
}
