// What administration works with. The composition root gives it; a test gives it an embedded store's.

import type { LiveSessions } from '#shared/auth/account-watch.ts'
import type { Devices } from '#shared/auth/devices.ts'
import type { HeldBack } from '#shared/auth/held-back.ts'
import type { Suspicion } from '#shared/auth/suspicion.ts'
import type { DecisionRecords } from '#shared/contracts/decisions.ts'
import type { GreylistBook } from '#shared/contracts/greylist.ts'
import type { Letters } from '#shared/contracts/letters.ts'
import type { People } from '#shared/contracts/people.ts'
import type { AccessTables } from '#shared/directory/access-tables.ts'
import type { BounceAddresses } from '#shared/directory/bounce-addresses.ts'
import type { Directory } from '#shared/directory/directory.ts'
import type { KeyUpkeep } from '#shared/directory/key-upkeep.ts'
import type { StoredSrsSecrets } from '#shared/directory/srs-secrets.ts'
import type { SettingStore } from '#shared/directory/stored-settings.ts'
import type { FactorKeeper } from '#shared/identity/factor-keeper.ts'
import type { Links } from '#shared/identity/links.ts'
import type { SecondFactors } from '#shared/identity/second-factors.ts'
import type { Sessions } from '#shared/identity/sessions.ts'
import type { SetupLinks } from '#shared/identity/setup-links.ts'
import type { Tokens } from '#shared/identity/tokens.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { MailboxForImports } from '#shared/moving/mailboxes/mailbox-for-imports.ts'
import type { QueueOperator } from '#shared/queue/operator.ts'
import type { Stories } from '#shared/queue/trace/stories.ts'
import type { AccountRateOptions } from '#shared/rates/account-rates.ts'
import type { Rates } from '#shared/rates/rates.ts'
import type { SendingLimitOptions } from '#shared/rates/sent-by-day.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { LoadStored } from '#shared/settings/stored.ts'
import type { ObjectStore, Table } from '#shared/storage/ports.ts'
import type { AuditLog } from './audit/reading.ts'
import type { AuditSeals } from './audit/seals.ts'
import type { RecordChange } from './changes.ts'
import type { ReadRecords } from './dns/published.ts'
import type { DnsSettings } from './dns/wanted-records.ts'
import type { PolicyListSettings, PolicyRehearsal } from './policy-rehearsal.ts'
import type { LetterLanguage } from './recovery-letters.ts'
import type { TakeoutRecords } from './takeouts/records.ts'

export type AdministrationDeps = {
  readonly directory: Directory
  readonly accessTables: AccessTables
  readonly bounceAddresses: Pick<BounceAddresses, 'isOne' | 'unwrap'>
  /** Without `rotate` they are not ours to change. */
  readonly srsSecrets: Partial<Pick<StoredSrsSecrets, 'rotate'>>
  readonly mailbox: Pick<Mailbox, 'access' | 'empty' | 'folders' | 'remove' | 'usage'>
  /** To try scripts on what is stored. */
  readonly mail: Pick<Mailbox, 'annotations' | 'blobs' | 'openFolder' | 'readMessages'>
  readonly mailForImports: MailboxForImports
  readonly keyUpkeep: KeyUpkeep
  readonly readRecords: ReadRecords
  readonly people: People
  readonly operator: QueueOperator
  readonly objects: Pick<ObjectStore, 'read' | 'size' | 'stream'>
  readonly devices: Pick<Devices, 'of'>
  readonly heldBack: HeldBack
  readonly factorKeeper: FactorKeeper & Pick<SecondFactors, 'removeAll'>
  /** Of this process; undefined where listeners are elsewhere. */
  readonly sessions: LiveSessions | undefined
  /** Of console and API. */
  readonly webSessions: Sessions
  readonly tokens: Tokens
  readonly links: Links
  readonly setupLinks: Pick<SetupLinks, 'make'>
  readonly letters: Letters
  readonly rates: Pick<Rates, 'takeShared'>
  readonly takeouts: TakeoutRecords
  /** The record of what was done. */
  readonly audit: AuditLog
  readonly auditSeals: AuditSeals
  readonly suspicion: Pick<Suspicion, 'forget' | 'read'>
  readonly greylist: GreylistBook
  /** What ends by itself. */
  readonly counters: Pick<Table, 'batchGet' | 'batchWrite'>
  readonly stories: Stories
  readonly rehearsal: PolicyRehearsal
  readonly settingStore: SettingStore
  /** From all their sources, with these in place of what is stored. */
  readonly loadSettings: LoadStored
  readonly decisions: DecisionRecords
  readonly clock: Clock
  readonly settings: DnsSettings &
    PolicyListSettings &
    AccountRateOptions &
    SendingLimitOptions & {
      /** Of addresses without a domain; '' for none. */
      readonly defaultDomain: string
      /** Bytes for accounts without a quota of their own; 0: no limit. */
      readonly mailboxSizeLimit: number
      readonly recipientDelimiter: string
      readonly authMechanisms: readonly string[]
      readonly smtpdRestrictionClasses: string
      readonly dkimSigning: boolean
      /** Whether whoever runs the system may read what waits in the queue, or take out what is in a mailbox. */
      readonly operatorsReadMail: boolean
      /** The access table with senders that were let in from quarantine; '' for none. */
      readonly quarantineAllowTable: string
      /** 0: what is in quarantine stays. */
      readonly quarantineLifetime: number
      /** How long is told what became of a message, and what was decided about it. */
      readonly traceRetention: number
      readonly policyRecordLifetime: number
      readonly apiTokenLifetime: number
      /** How much there may be of scripts (`ShelfLimits`), and what one may do. */
      readonly sieveMaxScriptSize: number
      readonly sieveQuotaMaxScripts: number
      readonly sieveQuotaMaxStorage: number
      readonly sieveMaxRedirects: number
      readonly sieveVacationMinPeriod: number
      readonly sieveVacationDefaultPeriod: number
      readonly sieveVacationMaxPeriod: number
      /** Of letters to people. */
      readonly noticeLanguages: readonly LetterLanguage[]
    }
  readonly log: Log
  /** Told of every change, once it is made. */
  readonly record: RecordChange
}
