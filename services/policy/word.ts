// A word of a restriction list: what it is told, and how its file in restrictions/ defines it. Facts about it, such as its argument, stand
// in shared/settings/restrictions/words.ts.

import type { MessageRequest, PolicyStage } from '#shared/contracts/policy.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import type { Directory, Reach, Recipient } from '#shared/directory/directory.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import type { Address } from '#shared/mail/address.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { WordName } from '#shared/settings/restrictions/words.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Table } from '#shared/storage/ports.ts'
import type { Client } from './client.ts'
import type { PolicyServers } from './delegation/servers.ts'
import type { Decision, RestrictionList } from './restriction.ts'
import type { BuiltInServices } from './service.ts'

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
  /** Declared with MAIL, 0 where nothing was; at the end of the message its size. */
  readonly bytes: number
  /** At the end of the message. */
  readonly message: MessageRequest | undefined
  /** Within what one question may ask and how long it may take; what it answers is kept with the decision. */
  readonly dns: Resolver
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

/** Collaborators of words; each takes what it needs. */
export type WordDeps = {
  readonly settings: Settings
  readonly directory: Directory
  readonly counters: Table
  readonly clock: Clock
  readonly log: Log
  /** By the name that `check_policy_service` calls them by. */
  readonly services: BuiltInServices
  readonly policyServers: PolicyServers
  /** What a table or a policy server says, such as `REJECT text`. */
  readonly parseAction: (text: string, known: Known) => Decision
  /** A list as it may be named by a table, by a policy server or by a restriction class. Throws for what is no list. */
  readonly compile: (text: string) => RestrictionList<Known>
}

export type Decide = (known: Known) => Decision | Promise<Decision>

export type Word = {
  readonly name: WordName
  /** `argument` as it stands in the list, '' where the word takes none. Throws for one that the grammar cannot judge. */
  readonly make: (argument: string, deps: WordDeps) => Decide
}

export const defineWord = (name: WordName, make: Word['make']): Word => ({ name, make })
