// How much an account may send in a day: a stolen password must not make us a spammer. Counted by message when it is accepted, in
// one conditional write, so that sessions in many processes together keep the limit; asked at RCPT, so that most are told before
// they send anything.

import type { MessageRequest, SmtpReply } from '#shared/contracts/policy.ts'
import { dayLimits, type SendingLimitOptions, sentKey } from '#shared/rates/sent-by-day.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { type Condition, ConditionFailed, type Item, type Table } from '#shared/storage/ports.ts'
import type { AtMessage, AtRecipient } from './known.ts'
import { tryLater } from './replies.ts'
import { defer, dunno, type Restriction } from './restriction.ts'

export interface SendingLimits {
  /** At RCPT. */
  readonly restriction: Restriction<AtRecipient>
  /** At the end of the message: counts it, unless it says why it is not taken. */
  readonly counting: Restriction<AtMessage>
}

const overSendingLimit = 'reject_over_sending_limit'
const SECOND_MS = 1_000
const DAY_MS = 24 * 3_600 * SECOND_MS

export function createSendingLimits(deps: {
  readonly counters: Table
  readonly clock: Clock
  readonly options: SendingLimitOptions
}): SendingLimits {
  const { counters, clock, options } = deps
  const limits = dayLimits(options).filter(({ max }) => max > 0)

  type Sent = { readonly [name: string]: number }

  /** The first limit that more would break. */
  function refusalOf(item: Item | undefined, more: Sent): SmtpReply | undefined {
    const over = limits.find(({ name, max }) => Number(item?.[name] ?? 0) + (more[name] ?? 0) > max)
    return over && sendingLimitReached(over.name, over.max)
  }

  const key = (accountId: string) => sentKey(accountId, clock.now())

  return {
    restriction: {
      name: overSendingLimit,
      async decide({ origin: { account }, recipientCount, bytes }) {
        if (account === null || limits.length === 0) return dunno
        const more = {
          messages: 1,
          recipients: recipientCount + 1,
          bytes: bytes,
        }
        const reply = refusalOf(await counters.get(key(account.id)), more)
        return reply === undefined ? dunno : defer(reply)
      },
    },

    counting: {
      name: overSendingLimit,
      async decide({ message }) {
        const reply = await count(message)
        return reply === undefined ? dunno : defer(reply)
      },
    },
  }

  async function count({ origin, envelope, bytes }: MessageRequest) {
    if (origin.account === null || limits.length === 0) return undefined
    const more: Sent = { messages: 1, recipients: envelope.recipients.length, bytes }
    const beyondAny = refusalOf(undefined, more)
    if (beyondAny !== undefined) return beyondAny
    try {
      await counters.write({
        update: key(origin.account.id),
        changes: {
          add: more,
          // A day after its own, for whoever asks what was sent.
          setIfAbsent: { ttl: Math.ceil((clock.now() + 2 * DAY_MS) / SECOND_MS) },
        },
        if: {
          all: limits.map(({ name, max }) => hasRoom(name, max - (more[name] ?? 0))),
        },
      })
      return undefined
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error
      return refusalOf(error.failed[0]?.item, more) ?? tryLater
    }
  }
}

function hasRoom(attribute: string, max: number): Condition {
  return { any: [{ absent: attribute }, { attribute, is: '<=', value: max }] }
}

/** 4xx: tomorrow it may be sent. RFC 3463 §3.8: X.7.1, for it is a matter of policy. */
function sendingLimitReached(what: string, max: number): SmtpReply {
  const text = `Daily sending limit of this account reached (${max} ${what}); it is lifted at 00:00 UTC`
  return { code: 450, status: '4.7.1', text }
}
