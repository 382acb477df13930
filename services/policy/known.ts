// What one question knows, as words are told it (`Known`). Whether the recipient was looked at is noticed: a list of an early stage that
// did not is not asked again for the next recipient.

import type { SpfResult } from '#shared/contracts/authentication.ts'
import type { MessageRequest, PolicyStage } from '#shared/contracts/policy.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import type { Reach, Recipient } from '#shared/directory/directory.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import type { Address } from '#shared/mail/address.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Client } from './client.ts'

/** All that is known when a word is asked. Any word may stand in any list: it says nothing where what it looks at is not known. */
export type Known = {
  /** Whose list is asked. */
  readonly stage: PolicyStage
  /** The stage whose command is answered: with `smtpdDelayReject` earlier lists are asked at RCPT. */
  readonly answering: PolicyStage
  readonly queueId: QueueId
  /** Who is connected; its `helo` is '' before HELO. */
  readonly origin: Origin
  /** The names of its address, looked up when they are asked for. */
  readonly client: Client
  /** Undefined before MAIL; '' for the null sender. */
  readonly sender: string | undefined
  /** Undefined before RCPT; at DATA and after it where one recipient alone was accepted. */
  readonly recipient: KnownRecipient | undefined
  /** Accepted so far. */
  readonly recipientCount: number
  /** What those lead to, aliases followed to their ends. */
  readonly finalRecipientCount: number
  /** Declared with MAIL, 0 where nothing was; at the end of the message its size. */
  readonly bytes: number
  /** At the end of the message. */
  readonly message: MessageRequest | undefined
  /** Within what one question may ask and how long it may take; what it answers is kept with the decision. */
  readonly dns: Resolver
  /** SPF of client and sender, found out once for the whole transaction, when it is asked for; undefined before MAIL. */
  readonly spf: () => Promise<SpfResult | undefined>
  /** What was scored so far. */
  readonly score: number
}

export type KnownRecipient = {
  /** As the client wrote it, completed. */
  readonly text: string
  readonly address: Address
  /** Where it leads, one step far. */
  readonly found: Recipient
  /** Where it leads in the end; followed once. */
  readonly reach: () => Promise<Reach>
}

/** From RCPT on. */
export type AtRecipient = Known & {
  readonly sender: string
  readonly recipient: KnownRecipient
}

/** At the end of the message. */
export type AtMessage = Known & { readonly message: MessageRequest }

/** Of all lists of a question. */
export type Facts = Omit<Known, 'stage' | 'score'>

export type Noticed = {
  readonly facts: Facts
  /** Since it was last asked this. */
  takeLooked(): boolean
}

export function noticeRecipient(facts: Facts): Noticed {
  let looked = false
  return {
    facts: {
      ...facts,
      get recipient() {
        looked = true
        return facts.recipient
      },
    },
    takeLooked() {
      const was = looked
      looked = false
      return was
    },
  }
}

/** For one list. */
export const atStage = (facts: Facts, stage: PolicyStage): Known => new StageFacts(facts, stage, 0)

/**
 * A class, with the recipient behind its prototype: several are made for each recipient of each message, so that copying properties with
 * their getters would cost more than asking the list.
 */
class StageFacts implements Known {
  readonly stage
  readonly answering
  readonly queueId
  readonly origin
  readonly client
  readonly sender
  readonly recipientCount
  readonly finalRecipientCount
  readonly bytes
  readonly message
  readonly dns
  readonly spf
  readonly score
  readonly #facts: Facts

  constructor(facts: Facts, stage: PolicyStage, score: number) {
    this.stage = stage
    this.answering = facts.answering
    this.queueId = facts.queueId
    this.origin = facts.origin
    this.client = facts.client
    this.sender = facts.sender
    this.recipientCount = facts.recipientCount
    this.finalRecipientCount = facts.finalRecipientCount
    this.bytes = facts.bytes
    this.message = facts.message
    this.dns = facts.dns
    this.spf = facts.spf
    this.score = score
    this.#facts = facts
  }

  get recipient(): KnownRecipient | undefined {
    return this.#facts.recipient
  }

  withScore(score: number): StageFacts {
    return new StageFacts(this.#facts, this.stage, score)
  }
}

/** The same facts where that is their score already. Nothing of them is looked at. */
export function withScore<F extends object>(
  facts: F,
  score: number,
): F & { readonly score: number } {
  const isScored = 'score' in facts && facts.score === score
  if (isScored) return facts as F & { readonly score: number }
  const scored = facts instanceof StageFacts ? facts.withScore(score) : { ...facts, score }
  return scored as F & { readonly score: number }
}
