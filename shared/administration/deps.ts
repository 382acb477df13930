// What administration works with. The composition root gives it; a test gives it an embedded store's.

import type { Suspicion } from '#shared/auth/suspicion.ts'
import type { People } from '#shared/contracts/people.ts'
import type { AccessTables } from '#shared/directory/access-tables.ts'
import type { Directory } from '#shared/directory/directory.ts'
import type { KeyUpkeep } from '#shared/directory/key-upkeep.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { QueueOperator } from '#shared/queue/operator.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import type { RecordChange } from './changes.ts'

export type AdministrationDeps = {
  readonly directory: Directory
  readonly accessTables: AccessTables
  readonly mailbox: Pick<Mailbox, 'access' | 'empty' | 'folders' | 'remove' | 'usage'>
  readonly keyUpkeep: KeyUpkeep
  readonly people: People
  readonly operator: QueueOperator
  readonly objects: Pick<ObjectStore, 'stream'>
  readonly suspicion: Pick<Suspicion, 'forget'>
  readonly clock: Clock
  readonly settings: {
    readonly hostname: string
    /** Of addresses without a domain; '' for none. */
    readonly defaultDomain: string
    /** Bytes for accounts without a quota of their own; 0: no limit. */
    readonly mailboxSizeLimit: number
    readonly recipientDelimiter: string
    readonly smtpdRestrictionClasses: string
    readonly dkimSigning: boolean
  }
  readonly log: Log
  /** Told of every change, once it is made. */
  readonly record: RecordChange
}
