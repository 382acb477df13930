// How much an account may send in a day: a stolen password must not make us a spammer. Counted by message when it is accepted; asked at
// RCPT, so that most are told before they send anything.

import type { SmtpReply } from '#shared/contracts/policy.ts'
import {
  createSentByDay,
  type SendingLimitOptions,
  type SentCounted,
} from '#shared/rates/sent-by-day.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Table } from '#shared/storage/ports.ts'
import type { AtMessage, AtRecipient } from './known.ts'
import { tryLater } from './replies.ts'
import { defer, dunno, type OwnDecision, type Restriction } from './restriction.ts'

export interface SendingLimits {
  /** At RCPT. */
  readonly restriction: Restriction<AtRecipient>
  /** At the end of the message: counts it, unless it says why it is not taken. */
  readonly counting: Restriction<AtMessage>
}

const overSendingLimit = 'reject_over_sending_limit'

export function createSendingLimits(deps: {
  readonly counters: Table
  readonly clock: Clock
  readonly options: SendingLimitOptions
}): SendingLimits {
  const sent = createSentByDay(deps)

  return {
    restriction: {
      name: overSendingLimit,
      async decide({ origin: { account }, recipientCount, bytes }) {
        if (account === null) return dunno
        const more = { messages: 1, recipients: recipientCount + 1, bytes }
        return decisionOf(await sent.overWith(account.id, more))
      },
    },

    counting: {
      name: overSendingLimit,
      async decide({ message: { origin, envelope, bytes } }) {
        if (origin.account === null) return dunno
        const more = { messages: 1, recipients: envelope.recipients.length, bytes }
        return decisionOf(await sent.count(origin.account.id, more))
      },
    },
  }
}

function decisionOf(counted: SentCounted): OwnDecision {
  switch (counted.kind) {
    case 'counted':
      return dunno
    case 'over':
      return defer(sendingLimitReached(counted.name, counted.max))
    case 'contended':
      return defer(tryLater)
  }
}

/** 4xx: tomorrow it may be sent. RFC 3463 §3.8: X.7.1, for it is a matter of policy. */
function sendingLimitReached(what: string, max: number): SmtpReply {
  const text = `Daily sending limit of this account reached (${max} ${what}); it is lifted at 00:00 UTC`
  return { code: 450, status: '4.7.1', text }
}
