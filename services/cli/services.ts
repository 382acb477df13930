// What commands use beside administration: jobs, sessions of the console, search. Of a store by the backend, of a server by its API
// (remote/services.ts).

import type { Backend } from '#services/assembly/backend.ts'
import type { Administration } from '#shared/administration/administration.ts'
import type { MailImportText } from '#shared/administration/jobs/mail-import-input.ts'
import type { MailImportLine } from '#shared/administration/jobs/mail-import-progress.ts'
import { UNDO_IMPORT, type UndoInput } from '#shared/administration/jobs/undo-import.ts'
import type {
  BadValue,
  NoSuchAccount,
  NoSuchJob,
  NoSuchSession,
  Refusal,
} from '#shared/administration/refusals.ts'
import type { Actor } from '#shared/administration/rights/actor.ts'
import type { SearchFound } from '#shared/administration/search.ts'
import type { UsageShown } from '#shared/administration/usage/usage.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { ProofMethod } from '#shared/identity/second-factors.ts'
import { type JobFacts, type JobId, parseJobId } from '#shared/jobs/job.ts'
import type { JobErrorPage, JobPage } from '#shared/jobs/jobs.ts'
import type { LabelsAs } from '#shared/moving/mailboxes/imap/gmail.ts'
import type { ImapHost } from '#shared/moving/mailboxes/imap/session.ts'

export interface Services {
  readonly jobs: CommandJobs
  readonly sessions: CommandSessions
  /** Undefined: the command reads the other server itself. */
  readonly mailImports: CommandMailImports | undefined
  search(text: string): Promise<SearchFound | BadValue>
  /** Of this month, and what it costs. */
  usage(): Promise<UsageShown>
}

export interface CommandJobs {
  page(options: { readonly limit: number; readonly after?: string | undefined }): Promise<JobPage>
  get(id: string): Promise<JobShown | NoSuchJob>
  cancel(id: string): Promise<JobShown | NoSuchJob>
  errors(id: string, after?: string): Promise<JobErrorPage>
  output(id: string): AsyncIterable<Uint8Array>
  /** Takes back what an import added; a server has to run. */
  undo(id: string): Promise<JobShown | NoSuchJob>
}
export type JobShown = { readonly kind: 'job'; readonly job: JobFacts }

/** Of a server that reads another one. */
export interface CommandMailImports {
  /** Begins one, and tells how it is until it has ended. */
  follow(request: MailImportRequest): AsyncIterable<JobFacts>
  report(job: JobFacts): Promise<{
    readonly lines: readonly MailImportLine[]
    readonly refusals: readonly Refusal[]
  }>
}
/** As the API takes it. */
export type MailImportRequest = Omit<MailImportText, 'ca'> & {
  readonly source: Omit<ImapHost, 'trustsAny'> & {
    readonly kind: 'imap'
    readonly anyCertificate?: boolean | undefined
  }
  readonly labels: LabelsAs
  readonly deletions: 'follow' | 'keep'
  readonly rehearse: boolean
  readonly verify: boolean
  readonly parallel?: number | undefined
}

/** Of console and API. */
export interface CommandSessions {
  list(address: string): Promise<SessionsShown | BadValue | NoSuchAccount>
  end(
    address: string,
    id: string,
  ): Promise<SessionsEnded | BadValue | NoSuchAccount | NoSuchSession>
  endAll(address: string): Promise<SessionsEnded | BadValue | NoSuchAccount>
}
export type SessionsShown = {
  readonly kind: 'sessions'
  readonly sessions: readonly SessionShown[]
}
export type SessionsEnded = { readonly kind: 'ended'; readonly count: number }
export type SessionShown = {
  readonly id: string
  readonly createdMs: number
  readonly usedMs: number
  readonly expiresMs: number
  readonly methods: readonly ProofMethod[]
  readonly address: string
  readonly client: string
}

export const noSuchJob = (value: string): NoSuchJob => ({
  kind: 'no-such-job',
  field: 'job',
  value,
})

export function servicesOf(backend: Backend, administration: Administration): Services {
  return {
    jobs: jobsOf(backend),
    sessions: sessionsOf(backend, administration),
    mailImports: undefined,
    async search(text) {
      // Loaded only here: other commands start faster without it.
      const [{ createSearch }, { createDirectorySearch }] = await Promise.all([
        import('#shared/administration/search.ts'),
        import('#shared/directory/search.ts'),
      ])
      const search = createSearch(createDirectorySearch(backend.store.tables.directory))
      return await search.find(text, localOwner)
    },
    async usage() {
      const [{ assembleUsage }, { createStoredFigures }] = await Promise.all([
        import('#services/assembly/usage.ts'),
        import('#shared/figures/series.ts'),
      ])
      const { store, clock } = backend
      return await assembleUsage(backend, createStoredFigures(store.tables.counters, clock)).read()
    },
  }
}

/** Whoever has the store may do everything. */
const localOwner: Actor = {
  accountId: null,
  name: '',
  role: 'owner',
  domains: [],
  scopes: null,
  via: 'local',
  steppedUpMs: null,
}

function jobsOf({ jobs }: Backend): CommandJobs {
  const known = async (
    text: string,
    act: (id: JobId) => Promise<JobFacts | undefined>,
  ): Promise<JobShown | NoSuchJob> => {
    const id = parseJobId(text)
    const job = id && (await act(id))
    return job === undefined ? noSuchJob(text) : { kind: 'job', job }
  }
  const idOf = (text: string) => parseJobId(text) ?? ('' as JobId)
  return {
    page({ limit, after }) {
      const from = after === undefined ? undefined : parseJobId(after)
      return jobs.page({ limit, ...(from && { after: from }) })
    },
    get: (text) => known(text, (id) => jobs.get(id)),
    cancel: (text) => known(text, (id) => jobs.cancel(id)),
    errors: (text, after) => jobs.errors(idOf(text), after),
    output: (text) => jobs.output(idOf(text)),
    undo: (text) =>
      known(text, async (id) => {
        const of = await jobs.get(id)
        const what = of?.about.what
        if (of?.kind !== 'import' || (what !== 'accounts' && what !== 'aliases')) return undefined
        const input: UndoInput = { job: of.id, what }
        const owner = { accountId: null, name: 'command line' }
        return await jobs.begin({ kind: UNDO_IMPORT, input, about: { what, of: of.id }, owner })
      }),
  }
}

function sessionsOf(
  { webSessions }: Backend,
  { accounts }: Pick<Administration, 'accounts'>,
): CommandSessions {
  const ofAccount = async <T>(
    address: string,
    act: (id: AccountId) => Promise<T>,
  ): Promise<T | BadValue | NoSuchAccount> => {
    const shown = await accounts.show(address)
    return shown.kind === 'account' ? await act(shown.account.id) : shown
  }
  return {
    list: (address) =>
      ofAccount(address, async (id) => ({
        kind: 'sessions' as const,
        sessions: (await webSessions.list(id)).map(({ from, ...one }) => ({
          ...{ id: one.id, methods: one.methods, createdMs: one.createdMs },
          ...{ usedMs: one.usedMs, expiresMs: one.expiresMs },
          ...{ address: from.address, client: from.client },
        })),
      })),
    end: (address, session) =>
      ofAccount(address, async (id) =>
        (await webSessions.end(id, session))
          ? { kind: 'ended' as const, count: 1 }
          : ({
              ...{ kind: 'no-such-session', field: 'session', value: session },
              account: address,
            } as NoSuchSession),
      ),
    endAll: (address) =>
      ofAccount(address, async (id) => ({
        kind: 'ended' as const,
        count: await webSessions.endAll(id),
      })),
  }
}
