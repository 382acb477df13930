// An IMAP listener on an embedded store in a temporary folder, with accounts that any password but `wrong` opens.

import { randomBytes } from 'node:crypto'
import { type ImapOptions, imapDefaults } from '#services/imap/config.ts'
import { createImapListener } from '#services/imap/listener.ts'
import type { Memory } from '#services/imap/memory.ts'
import type { Scripting } from '#services/imap/scripts/scripting.ts'
import type { Authenticator, LoggedInAccount } from '#shared/contracts/authenticate.ts'
import type { AccountId, BlobId, FolderRef } from '#shared/contracts/mailbox.ts'
import type { People, Person } from '#shared/contracts/people.ts'
import { encodeIndex } from '#shared/mail/index-codec.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import { flagSet } from '#shared/mailbox/flags.ts'
import { createMailbox } from '#shared/mailbox/mailbox.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import { type Log, silentLog } from '#shared/runtime/log.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Store } from '#shared/storage/ports.ts'
import { FakeAccountWatch } from '#test/support/fake-account-watch.ts'
import { fakeTokens } from './fake-tokens.ts'
import { imapScripting, type ScriptsGiven } from './imap-scripting.ts'
import { fakeScram } from './scram-fake.ts'
import { temporaryFolder } from './temporary-folder.ts'

export type ImapServer = Awaited<ReturnType<typeof startImapServer>>

const certificate = makeSelfSigned('localhost', new Date())

export async function startImapServer(
  given: {
    readonly options?: Partial<ImapOptions>
    /** A store of the caller's, which stays open; default: a new embedded one. */
    readonly store?: Store
    readonly quotaBytes?: number
    readonly quotaMessages?: number
    readonly appendBytesPerDay?: number
    /** The clock of the listener; the mailbox has the system's. */
    readonly clock?: Clock
    readonly memory?: Memory
    readonly log?: Log
    /** Whoever logs in is this account; default: one made of the name. */
    readonly account?: LoggedInAccount
    readonly scripts?: ScriptsGiven
    /** In place of one that has `scripts`. */
    readonly scripting?: Scripting
    /** What becomes of mail that scripts send. */
    readonly post?: Parameters<typeof imapScripting>[2]
  } = {},
) {
  const resources = new AsyncDisposableStack()
  const store =
    given.store ??
    resources.use(
      await openEmbeddedStore({ directory: resources.use(await temporaryFolder()).path }),
    )
  const { objects, signals, space, tables } = store
  const accountWatch = new FakeAccountWatch()
  const clock = systemClock
  const mailbox = createMailbox({ table: tables.mail, objects, signals, clock })
  const { scripting, posted } = imapScripting({ mailbox, store, clock }, given.scripts, given.post)
  const listener = createImapListener({
    options: {
      ...imapDefaults,
      endpoints: [
        { host: '127.0.0.1', port: 0, tls: 'starttls' },
        { host: '127.0.0.1', port: 0, tls: 'implicit' },
      ],
      disablePlaintextAuth: 'loopback-allowed',
      sieveUrl: 'sieve://imap.example.test',
      ...given.options,
    },
    certificates: { current: () => certificate, onChange: () => {} },
    mailbox,
    objects,
    space,
    authenticator: given.account === undefined ? authenticator : openTo(given.account),
    accountWatch,
    people,
    scripting: given.scripting ?? scripting,
    quota: async () => ({
      bytes: given.quotaBytes ?? 0,
      messages: given.quotaMessages ?? 0,
      appendBytesPerDay: given.appendBytesPerDay ?? 0,
    }),
    clock: given.clock ?? clock,
    log: given.log ?? silentLog,
    hostname: 'imap.example.test',
    ...(given.memory && { memory: given.memory }),
  })
  const [plain, tls] = await listener.listen()
  resources.defer(() => listener.close({ graceMs: 0 }))

  /** Puts a message into a folder of an account, as delivery would. */
  async function seed(
    folder: FolderRef,
    text: string,
    flags: readonly string[] = [],
    internalDateMs = Date.UTC(2026, 10, 20, 12),
    /** Header fields that delivery put before it. */
    added = '',
  ) {
    const bytes = Buffer.from(text, 'latin1')
    const indexer = new MessageIndexer()
    indexer.push(bytes)
    const index = indexer.finish()
    const id = randomBytes(9).toString('base64url') as BlobId
    await objects.put(`mail/${id}`, bytes)
    return mailbox.append(folder, {
      blob: {
        id,
        object: { key: `mail/${id}`, offset: 0, length: bytes.length },
        prepend: added,
        index: encodeIndex(index),
        headerBytes: index.headerBytes,
      },
      flags: flagSet(flags),
      internalDateMs,
      prepend: '',
      once: false,
    })
  }

  return {
    accountWatch,
    port: plain?.port ?? 0,
    tlsPort: tls?.port ?? 0,
    listener,
    store,
    mailbox,
    seed,
    /** What scripts have sent. */
    posted,
    accountId,
    stop: () => resources.disposeAsync(),
  }
}

/** As the authenticator does: without a domain it is of the default one. */
function accountOf(given: string) {
  const login = given.includes('@') ? given : `${given}@example.test`
  return { id: accountId(login), login, sessionsEpoch: 0 }
}

/** The account behind a login name. */
export const accountId = (login: string) => `acc-${login}` as AccountId

/** Everybody whose address is no `nobody`; those of info@ are shared. */
const people: People = {
  find: async (login) =>
    login.includes('@') && !login.startsWith('nobody') ? person(login) : undefined,
  byIds: async (ids) => new Map([...ids].map((id) => [id, person(id.slice('acc-'.length))])),
}

const person = (login: string): Person => ({
  id: accountId(login.toLowerCase()),
  address: login.toLowerCase(),
  shared: login.toLowerCase().startsWith('info'),
})

const authenticator: Authenticator = {
  authenticate: async ({ login, password }) =>
    Buffer.from(password).toString() === 'wrong'
      ? { kind: 'refused', reason: 'password' }
      : { kind: 'authenticated', account: accountOf(login) },
  ...fakeScram('secret', accountOf),
  ...fakeTokens(accountOf),
}

const openTo = (account: LoggedInAccount): Authenticator => ({
  ...authenticator,
  authenticate: async () => ({ kind: 'authenticated', account }),
})
