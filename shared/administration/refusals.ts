// Why something was not done. Each refusal names the field, the value that stood in it and the rule that it breaks, so that the
// command line makes its line of it and an HTTP API its problem document (RFC 9457). No text for people is made here.

import type { Role } from '#shared/administration/rights/roles.ts'
import type { HashProblem } from '#shared/auth/passwords.ts'
import type { AccessKeyFault } from '#shared/directory/access-key.ts'
import type { DomainLimits } from '#shared/directory/records.ts'
import type { Finding } from '#shared/sieve/finding.ts'

/** What a front end calls an argument, a column or a member is its own matter. */
export type Field =
  | 'domain'
  | 'address'
  | 'alias'
  | 'targets'
  | 'postmaster'
  | 'quota'
  | 'password'
  | 'enabled'
  | 'changes'
  | 'reason'
  | 'folder'
  | 'grantee'
  | 'rights'
  | 'queueId'
  | 'state'
  | 'olderThan'
  | 'newerThan'
  | 'destination'
  | 'after'
  | 'since'
  | 'as'
  | 'setting'
  | 'client'
  | 'login'
  | 'table'
  | 'from'
  | 'accessTable'
  | 'accessKey'
  | 'result'
  | 'kind'
  | 'selector'
  | 'algorithm'
  | 'privateKey'
  /** Of an app password or a key: what it is called, for what it is, until when. */
  | 'name'
  | 'scopes'
  | 'expires'
  | 'appPassword'
  | 'session'
  | 'code'
  | 'passkey'
  | 'factor'
  | 'token'
  | 'role'
  | 'domains'
  | 'link'
  | 'recoveryAddress'
  | 'accountsMax'
  | 'aliasesMax'
  /** Of an import: one row, and the heading of all. */
  | 'row'
  | 'heading'
  | 'displayName'
  | 'job'
  /** Of a mailbox. */
  | 'export'
  | 'search'
  | 'sort'
  /** Of mail: who it is from and to, and which of them, or which client, is asked about. */
  | 'sender'
  | 'recipient'
  | 'about'
  | 'from'
  /** A Sieve script, by its name, and a stored message, by its number. */
  | 'script'
  | 'uid'
  /** An old server that accounts move from: where its services listen, and how logins are made there. */
  | 'source'
  | 'imap'
  | 'pop3'
  | 'managesieve'
  | 'submission'
  | 'smtp'
  | 'names'
  | 'masterUser'
  | 'masterPassword'
  /** Of the rules and the reply that the console writes. */
  | 'rules'
  | 'until'
  | 'subject'
  | 'text'

/** What a value has to be, with the numbers and words of the rule. */
export type Rule =
  /** A domain as one of ours may be. */
  | { readonly name: 'domain-name' }
  /** `lacksDomain`: it has none, and there is no default for it. */
  | { readonly name: 'mail-address'; readonly lacksDomain: boolean }
  /** An address as an account or alias here may have it; others may have any. */
  | { readonly name: 'own-address'; readonly localPartBytesMax: number }
  /** aliases(5) would run a program, append to a file or read a list. */
  | { readonly name: 'no-program' }
  /** One whose mail comes here again helps nobody who cannot get in. */
  | { readonly name: 'address-elsewhere' }
  | { readonly name: 'target-count'; readonly count: number; readonly max: number }
  /** Of an account that sends its mail on. */
  | { readonly name: 'forward-count'; readonly max: number }
  | { readonly name: 'quota'; readonly allowed: string }
  | { readonly name: 'count'; readonly max: number }
  /** A number without a unit, that is likely meant as another size. */
  | { readonly name: 'quota-unit' }
  | { readonly name: 'password'; readonly charactersMin: number; readonly bytesMax: number }
  | { readonly name: 'password-or-hash' }
  | { readonly name: 'hash'; readonly problem: HashProblem }
  | { readonly name: 'one-of'; readonly allowed: readonly string[] }
  | { readonly name: 'some-change' }
  /** Of a list: sorted it is only as a whole. */
  | { readonly name: 'too-many-to-sort'; readonly max: number }
  | { readonly name: 'one-line'; readonly charactersMax: number }
  | { readonly name: 'rights'; readonly letters: string }
  | { readonly name: 'queue-id' }
  | { readonly name: 'age'; readonly allowed: string }
  | { readonly name: 'cursor' }
  | { readonly name: 'ip-address' }
  /** Of settings; `problem`: for people, in the words of the start. */
  | { readonly name: 'setting'; readonly problem: string }
  | { readonly name: 'setting-count'; readonly max: number }
  /** It waits for a restart, and so for the file. */
  | { readonly name: 'reloadable' }
  /** A secret, or the name of a file: whoever has the machine writes it into the file. */
  | { readonly name: 'in-file' }
  /** Of an import. */
  | { readonly name: 'passwd-line' }
  | { readonly name: 'not-both' }
  | { readonly name: 'column'; readonly columns: readonly string[] }
  | { readonly name: 'column-count'; readonly count: number; readonly max: number }
  | { readonly name: 'closed-quotation' }
  | { readonly name: 'once'; readonly firstLine: number }
  | { readonly name: 'row-count'; readonly max: number }
  /** Of access tables. */
  | { readonly name: 'table-name' }
  | { readonly name: 'access-key'; readonly fault: AccessKeyFault }
  | { readonly name: 'result-text'; readonly bytesMax: number }
  /** `problem`: for people; what a result may be is said by the grammar of restrictions. */
  | { readonly name: 'result'; readonly problem: string }
  | { readonly name: 'key-and-result' }
  | { readonly name: 'no-patterns' }
  | { readonly name: 'no-conditions' }
  /** Or for how long, as `allowed` says. */
  | { readonly name: 'future-time'; readonly allowed: string }
  /** How many domains a role is given with. */
  | {
      readonly name: 'role-domains'
      readonly role: Role
      readonly min: number
      readonly max: number
    }
  /** Of signing keys; `problem`: for people. */
  | { readonly name: 'selector' }
  | { readonly name: 'private-key'; readonly problem: string }
  /** Of Sieve scripts: RFC 5804 §1.6; bytes of one, and of all that an account has. */
  | { readonly name: 'script-name'; readonly charactersMax: number }
  | { readonly name: 'script-bytes'; readonly max: number }
  | { readonly name: 'scripts-bytes'; readonly max: number }
  | { readonly name: 'rule-count'; readonly max: number }
  /** RFC 3339 full-date; the last day is not before the first. */
  | { readonly name: 'date' }
  /** Of an old server: where a service of it is. */
  | { readonly name: 'endpoint'; readonly example: string }
  /** Of several lines. */
  | { readonly name: 'text'; readonly charactersMax: number }

type Of<Kind extends string, Name extends Field, Facts = unknown> = {
  readonly kind: Kind
  readonly field: Name
  readonly value: string
} & Facts

/** The value breaks a rule that can be seen from the value alone. */
export type BadValue = Of<'bad-value', Field, { readonly rule: Rule }>
export type Exists = Of<'exists', 'domain' | 'address' | 'alias' | 'selector' | 'script' | 'source'>
/** `domain`: as it was written, or the default where none was. */
export type NoSuchDomain = Of<
  'no-such-domain',
  'domain' | 'address' | 'alias',
  { readonly domain: string }
>
export type NotEmpty = Of<
  'not-empty',
  'domain',
  { readonly accounts: number; readonly aliases: number }
>
export type NoSuchAccount = Of<'no-such-account', 'address' | 'grantee' | 'login'>
/** Somebody who can sign in must be left to give roles; another account may be made owner before. */
export type LastOwner = Of<'last-owner', 'address' | 'domain'>
/** It is not as whoever changes it knew it. */
export type ChangedMeanwhile = Of<'changed-meanwhile', 'address' | 'alias' | 'domain' | 'script'>
/** Of a row of many: the account may more than who changes it. */
export type MoreRights = Of<'more-rights', 'address'>
export type NoSuchAlias = Of<'no-such-alias', 'alias'>
/** No alias, no account, and no catch-all. */
export type LeadsNowhere = Of<'leads-nowhere', 'alias'>
export type NoSuchFolder = Of<'no-such-folder', 'folder', { readonly account: string }>
export type IsOwner = Of<'is-owner', 'grantee', { readonly account: string }>
export type TooManyGrants = Of<'too-many-grants', 'grantee', { readonly folder: string }>
/** Delivered or deleted. */
export type NotQueued = Of<'not-queued', 'queueId'>
/** A worker has it this moment, or it does not wait for one of `recipients` (empty: all of it was asked for). */
export type NotWaiting = Of<'not-waiting', 'queueId', { readonly recipients: readonly string[] }>
/** Of an import that was not told to change what is there. */
export type Differs = Of<'differs', 'address' | 'alias' | 'domain'>
/** The restored table is the one to be replaced. */
export type SameTable = Of<'same-table', 'from'>
export type StillRunning = Of<'still-running', 'table'>

/** Never seen, or told no more. */
export type NotTraced = Of<'not-traced', 'queueId'>
/** Released, deleted, or held for another reason. */
export type NotQuarantined = Of<'not-quarantined', 'queueId'>
/** Others wait for the same message, or get it now. */
export type OthersWait = Of<'others-wait', 'queueId'>
export type NoSuchSetting = Of<'no-such-setting', 'setting', { readonly nearest: string | null }>
/** `from`: the file or the variable that says it. */
export type SettingLocked = Of<'setting-locked', 'setting', { readonly from: string }>
/** A setting lets nobody do it. */
export type SwitchedOff = Of<'switched-off', Field, { readonly setting: string }>

export type NoSuchAccessTable = Of<'no-such-access-table', 'accessTable'>
export type NoSuchAccessEntry = Of<'no-such-access-entry', 'accessKey', { readonly table: string }>

export type NoSuchJob = Of<'no-such-job', 'job'>

export type NoSuchSelector = Of<'no-such-selector', 'selector', { readonly domain: string }>

export type NoSuchAppPassword = Of<'no-such-app-password', 'appPassword'>
/** One may have `max` of them. */
export type TooMany = Of<
  'too-many',
  'appPassword' | 'token' | 'passkey' | 'job' | 'script' | 'export',
  { readonly max: number }
>
/** Of a factor that is being set up: it is wrong, was not asked for, or comes too late. What was given is nobody's to see. */
export type WrongAnswer = Of<'wrong-answer', 'code' | 'passkey'>
export type NoSuchFactor = Of<'no-such-factor', 'factor'>
/** It has ended, or is none of this process. */
export type NoSuchSession = Of<'no-such-session', 'session', { readonly account: string }>

export type NoSuchToken = Of<'no-such-token', 'token'>
/** Used, too old, or none. Its text is a secret, and not among these facts. */
export type NoSuchLink = Of<'no-such-link', 'link'>

/** An owner gave the domain this limit. `given`: what is there; null: one of its quotas has no end. */
export type OverDomainLimit = Of<
  'over-domain-limit',
  'address' | 'alias' | 'quota',
  {
    readonly domain: string
    readonly limit: keyof DomainLimits
    readonly max: number
    readonly given: number | null
  }
>
/** Of letters that somebody has sent elsewhere. */
export type TooOften = Of<'too-often', 'recoveryAddress', { readonly perHour: number }>
/** Of a mailbox: one at a time, and so many a day. */
export type ExportUnderWay = Of<'export-under-way', 'address'>
export type ExportTooOften = Of<'export-too-often', 'address', { readonly perDay: number }>
export type NoSuchRecoveryAddress = Of<'no-such-recovery-address', 'recoveryAddress'>

/** `owner`: the address of whose it would be; null: of those of all. */
export type NoSuchScript = Of<'no-such-script', 'script', { readonly owner: string | null }>
/** The text does not compile: what is wrong with it, and where. */
export type WrongScript = Of<'wrong-script', 'script', { readonly findings: readonly Finding[] }>
/** RFC 5804 §2.10: another one is made active before, or none. */
export type ScriptIsActive = Of<'script-is-active', 'script'>
export type NoSuchSource = Of<'no-such-source', 'source'>
/** So many accounts are still there. */
export type SourceInUse = Of<'source-in-use', 'source', { readonly accounts: number }>
export type NoSuchMessage = Of<'no-such-message', 'uid', { readonly folder: string }>

export type Refusal =
  | BadValue
  | Exists
  | NoSuchDomain
  | NotEmpty
  | NoSuchAccount
  | LastOwner
  | ChangedMeanwhile
  | MoreRights
  | NoSuchAlias
  | LeadsNowhere
  | NoSuchFolder
  | IsOwner
  | TooManyGrants
  | NotQueued
  | NotWaiting
  | SwitchedOff
  | NotTraced
  | NoSuchSetting
  | SettingLocked
  | NotQuarantined
  | OthersWait
  | Differs
  | SameTable
  | NoSuchAccessTable
  | NoSuchAccessEntry
  | NoSuchSelector
  | NoSuchJob
  | StillRunning
  | NoSuchAppPassword
  | TooMany
  | NoSuchSession
  | WrongAnswer
  | NoSuchFactor
  | NoSuchToken
  | NoSuchLink
  | NoSuchScript
  | WrongScript
  | ScriptIsActive
  | NoSuchMessage
  | NoSuchSource
  | SourceInUse
  | OverDomainLimit
  | TooOften
  | ExportUnderWay
  | ExportTooOften
  | NoSuchRecoveryAddress

/** A text from outside, parsed. */
export type Parsed<T> = { readonly kind: 'ok'; readonly value: T } | BadValue

export const ok = <T>(value: T): { readonly kind: 'ok'; readonly value: T } => ({
  kind: 'ok',
  value,
})

export const badValue = (field: Field, value: string, rule: Rule): BadValue => ({
  kind: 'bad-value',
  field,
  value,
  rule,
})
