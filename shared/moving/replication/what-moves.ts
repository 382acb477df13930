// Which items a move takes with it, by the beginning of their partition key: every kind that the code writes has a row here, and a test
// looks for those that have none. What is not known moves: to copy what is of no use costs a write, to leave mail behind costs mail.

import type { Item, TableName } from '#shared/storage/ports.ts'

export type KeyRow = {
  /** A whole partition key, or its beginning up to `#`. The longest that fits counts. */
  readonly pk: string
  readonly moves: boolean
  /** What it is; of what stays, why. */
  readonly why: string
}

const moves = (pk: string, why: string): KeyRow => ({ pk, moves: true, why })
const stays = (pk: string, why: string): KeyRow => ({ pk, moves: false, why })

export const tableNames: readonly TableName[] = ['directory', 'mail', 'queue', 'counters']

export const keyRows = {
  directory: [
    moves('DOMAINS', 'domains'),
    moves('D#', 'addresses and aliases'),
    moves('ACC#', 'accounts: passwords, second factors, app passwords, tokens, scripts'),
    moves('IDENTITY#', 'whose a subject of an issuer is'),
    moves('POSTMASTER', 'the first account'),
    moves('ROLES', 'roles of administrators'),
    moves('REMOVED', 'accounts whose mail is still being removed'),
    moves('ACCESS', 'access tables'),
    moves('ACCESS#', 'their entries'),
    moves('WORD#', 'words by which all of these are found'),
    moves('WORDS', 'how far these words are'),
    moves('SIEVE', 'scripts of the site'),
    moves('DKIM#', 'signing keys: what is published of them stays true'),
    moves('SRS', 'what rewritten senders are signed with: bounces still find their way back'),
    moves('SETTINGS', 'settings that were changed while the system ran'),
    moves('SETTINGS-STATE', 'their version'),
    moves('AUDIT#', 'the record of what administrators did, and its seals'),
    moves('TOKENS', 'the list of tokens'),
    moves('SOURCES', 'old servers whose accounts are still there'),
    moves('API', 'what signs cursors of the API'),
    moves('PASSKEYS', 'the domain that passkeys were made for'),
    stays('STORE', 'version and move of this very store'),
  ],
  mail: [
    moves('A#', 'folders, names, subscriptions, annotations, rights, usage'),
    moves('F#', 'messages, change logs, marks of what was delivered'),
    moves('B#', 'blobs: what messages share, and how many refer to it'),
    moves('EVERYONE', 'folders that are open to all'),
    stays('W#', 'who watches a folder: a process that is not there any more'),
    stays('T#', 'leases of processes that watch'),
  ],
  queue: [
    moves(
      'Q#',
      'messages in the queue and their groups, with due times, holds and leases; stories of those that ended',
    ),
    moves('J#', 'the journal by which stories are found'),
  ],
  counters: [
    moves(
      'AUTH#',
      'failed logins, who is held back, known networks, devices, countries, the salt of unknown logins',
    ),
    moves('POP#', 'from where somebody logged in a short time ago'),
    moves('SENT#', 'what accounts sent today'),
    moves('GREY#', 'who was greylisted, or came again'),
    moves('SIEVE#', 'whom scripts answered already'),
    moves('DMARC#', 'what domains are to get a report of'),
    moves('TLSRPT#', 'the same of TLS'),
    moves('STS#', 'policies of MTA-STS: what a domain promised holds on'),
    moves('VERIFY#', 'addresses that were asked about'),
    moves('DECISION#', 'records of decisions'),
    moves('FIGURES#', 'figures by the minute and the day'),
    moves('JOB#', 'jobs'),
    moves('JOBS', 'the list of jobs'),
    moves('JOBS#', 'the same by account'),
    moves('JOBS-OPEN', 'jobs that go on at the target'),
    stays(
      'TAKEOUTS#',
      'exports of mailboxes: their volumes stay behind, to be fetched there or begun again',
    ),
    moves('MOVING#export#', 'how far exports of WorkMail are'),
    moves('MOVING#cut-over', 'how far the cut-over of a domain is'),
    moves('LINK#', 'links for a new password that nobody has used yet'),
    moves('SETUP#', 'links to profiles'),
    moves('ADMINISTRATOR', 'what commands left for the log of a server'),
    stays('FIGURES-PARTS', 'the last minute of processes of AWS, which only its sweeper gathers'),
    stays('RATE#', 'rates of the last minutes: full again before anybody notices'),
    stays('DESTINATION#', 'hosts that did not answer, as this network saw them'),
    stays('SESSION#', 'sessions of the console: people sign in again'),
    stays('TICKET#', 'sign-ins that are half done'),
    stays('FACTOR#', 'codes that are awaited for minutes'),
    stays('REPEAT#', 'answers for repeated requests of the API'),
  ],
} as const satisfies { readonly [table in TableName]: readonly KeyRow[] }

/** Undefined for a key that no row is about. */
export function rowOf(table: TableName, pk: string): KeyRow | undefined {
  const rows: readonly KeyRow[] = keyRows[table]
  let found: KeyRow | undefined
  for (const row of rows) {
    const fits = row.pk.endsWith('#') ? pk.startsWith(row.pk) : pk === row.pk
    if (fits && row.pk.length > (found?.pk.length ?? 0)) found = row
  }
  return found
}

/** What has expired is as good as gone. */
export function doesMove(table: TableName, { pk, ttl }: Item, nowMs: number): boolean {
  if (typeof ttl === 'number' && ttl * 1_000 < nowMs) return false
  return rowOf(table, pk)?.moves !== false
}

export type WantedObject = { readonly key: string; readonly bytes: number }

/** The object that an item cannot do without. */
export function objectOf(table: TableName, item: Item): WantedObject | undefined {
  const { pk, key, offset, length } = item
  const isBlob = table === 'mail' && pk.startsWith('B#')
  const isQueued = table === 'queue' && pk.startsWith('Q#')
  if (!(isBlob || isQueued) || typeof key !== 'string') return undefined
  // The collector is at it, and may have removed the object already.
  if (item.collected === true) return undefined
  return { key, bytes: Number(offset ?? 0) + Number(length ?? 0) }
}

/** What makes a target one that is in use: a domain, a folder, a message. */
export function isMail(table: TableName, { pk }: Pick<Item, 'pk'>): boolean {
  if (table === 'directory') return pk === 'DOMAINS' || pk.startsWith('ACC#')
  if (table === 'mail') return /^[ABF]#/.test(pk)
  return table === 'queue' && pk.startsWith('Q#')
}

/** Until when somebody works on what this item is about, or serves sessions, as far as it says. 0: nobody. */
export function leaseEndMs(table: TableName, { pk, untilMs, leaseUntilMs }: Item): number {
  if (table === 'mail' && pk.startsWith('T#')) return Number(untilMs ?? 0)
  if (table === 'queue' && pk.startsWith('Q#')) return Number(leaseUntilMs ?? 0)
  return 0
}
