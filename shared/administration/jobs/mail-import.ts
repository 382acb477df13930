// Mail of another server brought into mailboxes here, some at the same time, or compared with what was brought. A slice every few seconds says
// how far it is, whatever the mailboxes under way are at, and keeps the lease; a mailbox that was under way when the job stopped is begun
// again, and what was brought of it is known (the ledger of shared/moving/mailboxes).
//
// Implementation notes: the cursor has a bit for each mailbox that is over, for they end in any order. Rejected: one slice a mailbox, which may
// take hours, and no lease lasts that long.

import type { AccountRecord } from '#shared/directory/records.ts'
import { JobFailure } from '#shared/jobs/failure.ts'
import type { JobError } from '#shared/jobs/job.ts'
import type { JobKind, JobWork } from '#shared/jobs/kind.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import type { CopyOptions } from '#shared/moving/mailboxes/copy-mailbox.ts'
import type { LabelsAs } from '#shared/moving/mailboxes/imap/gmail.ts'
import type { Reach } from '#shared/moving/mailboxes/imap/reach.ts'
import type { ImapHost, ImapLogin } from '#shared/moving/mailboxes/imap/session.ts'
import {
  type MailSource,
  SourceAway,
  SourceFailure,
  type SourceFolder,
} from '#shared/moving/mailboxes/source.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import type { Administration } from '../administration.ts'
import type { AdministrationDeps } from '../deps.ts'
import { explainRefusal } from '../explain.ts'
import type { Refusal } from '../refusals.ts'
import type { Actor } from '../rights/actor.ts'
import { extentOf } from '../rights/allowed.ts'
import {
  loginOf,
  type MailImportAccount,
  readMailImportInput,
  readMailImportText,
} from './mail-import-input.ts'
import {
  createMailImportProgress,
  type EndedMailbox,
  lineOf,
  type MailImportProgress,
} from './mail-import-progress.ts'
import { makerOf, refusalOf } from './maker.ts'

export const MAIL_IMPORT = 'mail-import'

/** Servers that mail is brought from. */
export interface MailServers {
  readonly reach: Reach
  openImap(options: {
    readonly host: ImapHost
    readonly login: ImapLogin
    readonly labels: LabelsAs
    /** Ends what is under way, and waits. */
    readonly signal: AbortSignal
  }): Promise<MailSource>
}

/** Between two slices. */
const SLICE_MS = 3_000
/** For what is under way to end by itself; the lease and the time of a function are longer. */
const STOP_MS = 10_000
/** Mailboxes in a row for which the server did not answer, each asked for two minutes: then it is left alone. */
const AWAY_IN_A_ROW_MAX = 20
/** Of what another server says. */
const REASON_CHARACTERS_MAX = 300

export function mailImport(deps: {
  readonly administration: Pick<Administration, 'mailImports'>
  readonly directory: Pick<AdministrationDeps['directory'], 'accounts'>
  readonly mailServers: MailServers
  readonly clock: Clock
}): JobKind {
  const { directory, mailServers, clock } = deps
  return {
    name: MAIL_IMPORT,
    isLong: true,
    async *run(work) {
      const input = readMailImportInput(work.input)
      let maker = await makerWhoMay(work, directory)
      await mustReach(mailServers, input)
      const { accounts, ...text } = readMailImportText(await work.text())
      const progress = createMailImportProgress(work.cursor, accounts.length)
      const ending = new AbortController()
      const signal = AbortSignal.any([work.signal, ending.signal])
      const { begin, forbid } = createMailboxes(deps, { ...input, ...text, signal }, progress)
      const left = [...accounts.entries()].filter(([n]) => !progress.isOver(n))
      const running = concurrently(left, input.parallel, ([n, account]) =>
        begin(n, account, maker),
      ).finally(() => ending.abort())
      // Awaited below; a rejection meanwhile is nobody's yet.
      const ended = running.catch(() => undefined)
      try {
        while (!progress.isAll()) {
          await clock.sleep(SLICE_MS, signal)
          // Of what is stopped there may be something left to tell.
          if (signal.aborted) await Promise.race([ended, clock.sleep(STOP_MS)])
          do yield progress.slice()
          while (progress.hasMore())
          // Whoever stopped it does not come back for more; else all are through, or one has failed for what is wrong here.
          if (signal.aborted) return void (await running)
          maker = await makerWhoMay(work, directory)
          await forbid(maker)
        }
      } finally {
        ending.abort()
        await Promise.race([ended, clock.sleep(STOP_MS)])
      }
    },
  }
}

/** JobFailure: nobody is there any more who may bring mail anywhere. */
async function makerWhoMay(
  { owner }: JobWork<unknown>,
  { accounts }: Pick<AdministrationDeps['directory'], 'accounts'>,
): Promise<Actor> {
  const maker = await makerOf(owner, accounts)
  if (extentOf(maker, 'mail.import') !== undefined) return maker
  throw new JobFailure({ kind: 'maker-may-not', name: owner.name })
}

/** Known before the first of many logins. */
async function mustReach({ reach }: MailServers, host: ImapHost): Promise<void> {
  const reached = await reach(host)
  if (reached.kind === 'address') return
  throw new JobFailure({ kind: `source-${reached.kind}`, host: host.host })
}

type Terms = ReturnType<typeof readMailImportInput> &
  Omit<ReturnType<typeof readMailImportText>, 'accounts'> & { readonly signal: AbortSignal }

/** Those under way. */
function createMailboxes(
  {
    administration: { mailImports },
    directory: { accounts },
    mailServers,
  }: Parameters<typeof mailImport>[0],
  terms: Terms,
  progress: MailImportProgress,
) {
  const underWay = new Map<AbortController, AccountRecord>()
  let awayInARow = 0

  async function compare(account: string, source: MailSource): Promise<Told> {
    const verifying = await mailImports.verify({ account, source, isWanted: wanted(terms) })
    if (verifying.kind !== 'verifying') return { refusal: verifying }
    for (;;) {
      const step = await verifying.steps.next()
      if (!step.done) {
        progress.count({ messages: step.value.messages, bytes: step.value.bytes })
        continue
      }
      const folders = step.value
      const sum = (of: (folder: (typeof folders)[number]) => number) =>
        folders.reduce((all, folder) => all + of(folder), 0)
      const differences = sum(({ differencesCount }) => differencesCount)
      const refusal: Refusal = {
        ...{ kind: 'not-the-same', field: 'address', value: account, differences },
      }
      return {
        line: lineOf({ account, folders }),
        counts: { folders: folders.length, equal: sum(({ equal }) => equal), differences },
        ...(differences > 0 && { refusal }),
      }
    }
  }

  async function bring(account: string, source: MailSource, signal: AbortSignal): Promise<Told> {
    const { dryRun, deletions } = terms
    const options: CopyOptions = { dryRun, deletions, signal, isWanted: wanted(terms) }
    const bringing = await mailImports.bring({ account, source, options })
    if (bringing.kind !== 'bringing') return { refusal: bringing }
    for (;;) {
      const step = await bringing.steps.next()
      if (!step.done) {
        const { value } = step
        if (value.kind !== 'messages') continue
        progress.count({ messages: value.messages, bytes: value.bytes })
        continue
      }
      const { folders } = step.value
      const sum = (of: (folder: (typeof folders)[number]) => number) =>
        folders.reduce((all, folder) => all + of(folder), 0)
      const messages = sum(({ unread }) => unread)
      const broken = folders.filter((folder) => folder.failure !== null).length
      const refusal: Refusal = {
        ...{ kind: 'not-whole', field: 'address', value: account, messages, folders: broken },
      }
      return {
        line: lineOf(step.value),
        counts: {
          folders: folders.length,
          already: sum(({ already }) => already),
          flagsChanged: sum(({ flagsChanged }) => flagsChanged),
          removed: sum(({ removed }) => removed),
          unread: messages,
        },
        ...(messages + broken > 0 && { refusal }),
      }
    }
  }

  /** Undefined: it was stopped, and is begun again. */
  async function through(
    one: MailImportAccount,
    address: string,
    signal: AbortSignal,
  ): Promise<Told | undefined> {
    const { port, tls, ca, anyCertificate, admin, labels, verify } = terms
    const host: ImapHost = { host: terms.host, port, tls, ca, trustsAny: anyCertificate }
    try {
      const login = loginOf(one, admin)
      const source = await mailServers.openImap({ host, login, labels, signal })
      awayInARow = 0
      try {
        const told = await (verify ? compare(address, source) : bring(address, source, signal))
        return signal.aborted ? undefined : told
      } finally {
        await source.close()
      }
    } catch (error) {
      if (signal.aborted) return undefined
      if (!(error instanceof SourceAway || error instanceof SourceFailure)) throw error
      const isAway = error instanceof SourceAway
      if (isAway && ++awayInARow >= AWAY_IN_A_ROW_MAX) {
        throw new JobFailure({ kind: 'source-away', host: terms.host })
      }
      return { refusal: sourceRefuses(address, error.message) }
    }
  }

  async function begin(n: number, one: MailImportAccount, maker: Actor): Promise<void> {
    if (terms.signal.aborted) return
    const address = parseAddress(one.address)
    const account = address && (await accounts.get(address))
    const refusal =
      account === undefined ? noAccount(one.address) : refusalOf(maker, 'mail.import', account)
    if (account === undefined || refusal !== undefined) {
      return progress.end(endedMailbox(n, one, { refusal }))
    }
    const forbidding = new AbortController()
    underWay.set(forbidding, account)
    try {
      const signal = AbortSignal.any([terms.signal, forbidding.signal])
      const told = await through(one, formatAddress(account.address), signal)
      if (told !== undefined) progress.end(endedMailbox(n, one, told))
      else if (forbidding.signal.aborted) {
        progress.end(endedMailbox(n, one, { refusal: forbidding.signal.reason }))
      }
    } finally {
      underWay.delete(forbidding)
    }
  }

  return {
    begin,
    /** Ends those that the maker may not bring mail into any more. */
    async forbid(maker: Actor): Promise<void> {
      for (const [forbidding, { id, address }] of underWay) {
        const account = await accounts.byId(id)
        const refusal =
          account === undefined
            ? noAccount(formatAddress(address))
            : refusalOf(maker, 'mail.import', account)
        if (refusal !== undefined) forbidding.abort(refusal)
      }
    },
  }
}

type Told = {
  readonly line?: Uint8Array
  readonly counts?: { readonly [name: string]: number }
  readonly refusal?: Refusal | undefined
}

function endedMailbox(
  n: number,
  { address }: MailImportAccount,
  { line, counts = {}, refusal }: Told,
): EndedMailbox {
  const error: JobError | undefined = refusal && { line: 0, key: address, refusal }
  const reason = () => (refusal === undefined ? '' : reasonOf(refusal))
  return { n, counts, error, line: line ?? lineOf({ account: address, reason: reason() }) }
}

const reasonOf = (refusal: Refusal): string =>
  refusal.kind === 'source-refuses' ? refusal.reason : explainRefusal(refusal)

const noAccount = (value: string): Refusal => ({ kind: 'no-such-account', field: 'address', value })

/** In one line: what another server says is shown, and nothing that is more than words. */
const sourceRefuses = (value: string, text: string): Refusal => ({
  kind: 'source-refuses',
  field: 'address',
  value,
  reason: text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, REASON_CHARACTERS_MAX),
})

function wanted({ folders }: Pick<Terms, 'folders'>) {
  if (folders === undefined) return undefined
  const paths = new Set(folders)
  return ({ names }: SourceFolder) => paths.has(names.join('/'))
}
