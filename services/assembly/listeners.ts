// The listeners that the settings ask for, opened together and closed together.

import type { AddressInfo } from 'node:net'
import { AccountSessions } from '#services/imap/account-sessions.ts'
import { createImapListener } from '#services/imap/listener.ts'
import { createMemory } from '#services/imap/memory.ts'
import { createPop3Listener } from '#services/pop3/listener.ts'
import { noMaildropLock } from '#services/pop3/maildrop-lock.ts'
import type { SmtpRole } from '#services/smtp/config.ts'
import { createSmtpListener } from '#services/smtp/listener.ts'
import { accountCredentials } from '#shared/auth/account-credentials.ts'
import { createAccountWatch } from '#shared/auth/account-watch.ts'
import { createAuthenticator } from '#shared/auth/authenticator.ts'
import type { Policy } from '#shared/contracts/policy.ts'
import { createSystemResolver } from '#shared/dns/system-resolver.ts'
import { createMessageOpener } from '#shared/message/message-opener.ts'
import type { CloseOptions } from '#shared/net/drain.ts'
import type { CertificateSource } from '#shared/net/tls/certificate.ts'
import { createDoorbell } from '#shared/queue/doorbell.ts'
import { createSpool } from '#shared/queue/spool.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Signals } from '#shared/storage/ports.ts'
import type { Backend } from './backend.ts'
import { formatEndpoint } from './endpoint.ts'
import { imapOptions, pop3Options, smtpOptions } from './listener-options.ts'
import { openMilters } from './milters.ts'
import { explained } from './start-failure.ts'

export type ListenerName = keyof Settings['listeners']

export type OpenListener = {
  readonly name: ListenerName
  readonly address: string
  readonly port: number
}

/** What differs between one machine and AWS. */
export type ListenerParts = {
  readonly certificates: CertificateSource
  /** PEM; of whom SMTP clients may have certificates. Undefined: the usual public ones. */
  readonly clientAuthorities?: string | undefined
  readonly policy: Policy
  /** What tells that sessions have to end; undefined where the process cannot subscribe. */
  readonly hints: Signals | undefined
}

type Listener = {
  listen(): Promise<AddressInfo | readonly AddressInfo[]>
  /** Where `listen` tells the first address only. */
  readonly bound?: readonly AddressInfo[]
  close(options: CloseOptions): Promise<unknown>
}

type Makers = [name: ListenerName, make: () => Listener][]

export async function openListeners(backend: Backend, parts: ListenerParts) {
  const { settings } = backend
  const opened: { readonly listener: Listener; readonly at: readonly OpenListener[] }[] = []

  async function close(graceMs: number, paceMs = 0): Promise<void> {
    await Promise.all(opened.map(({ listener }) => listener.close({ graceMs, paceMs })))
  }

  try {
    for (const [name, make] of Object.entries(makers(backend, parts)) as Makers) {
      const { enabled, address, port } = settings.listeners[name]
      if (!enabled) continue
      const listener = make()
      const places = address.map((one) => formatEndpoint({ address: one, port })).join(', ')
      const listening = listener.listen()
      await explained<unknown>(`${name} cannot listen on ${places}`, listening)
      const bound = listener.bound ?? [await listening].flat()
      opened.push({
        listener,
        at: bound.map((at) => ({ name, address: at.address, port: at.port })),
      })
    }
  } catch (error) {
    await close(0)
    throw error
  }
  return { opened: opened.flatMap(({ at }) => at), close }
}

function makers(backend: Backend, parts: ListenerParts) {
  const { certificates, clientAuthorities, policy, hints } = parts
  const { settings, store, directory, mailbox, queue, clock, log } = backend
  const { hostname } = settings
  const authenticator = createAuthenticator({
    credentials: accountCredentials(directory.accounts),
    counters: store.tables.counters,
    settings,
    clock,
    log,
  })
  const accountWatch = createAccountWatch({ accounts: directory.accounts, hints, clock, log })
  const spool = createSpool({
    queue,
    store,
    ring: createDoorbell(store.queues.incoming, log),
    options: settings,
    clock,
    log,
  })
  const milters = openMilters({ settings, dns: createSystemResolver(), clock, log })
  const smtp = (role: SmtpRole) => () =>
    createSmtpListener(smtpOptions(settings, role), {
      spool,
      policy,
      // What comes by LMTP was filtered already.
      filters: role === 'lmtp' ? undefined : milters?.filters,
      clientAuthorities,
      authenticator,
      accountWatch,
      certificates,
      clock,
      hostname,
      log: log.child({ service: 'smtp' }),
    })
  const accountSessions = new AccountSessions(settings.imapAccountConnectionCountLimit)
  const memory = createMemory()
  const imap = (name: 'imap' | 'imaps') => () =>
    createImapListener({
      options: imapOptions(settings, name),
      certificates,
      mailbox,
      objects: store.objects,
      space: store.space,
      authenticator,
      accountWatch,
      accountSessions,
      memory,
      quota: backend.quota,
      people: backend.people,
      clock,
      log: log.child({ service: 'imap' }),
      hostname,
    })
  const pop3 = (name: 'pop3' | 'pop3s') => () =>
    createPop3Listener(pop3Options(settings, name), {
      mailboxes: {
        ...mailbox,
        ...createMessageOpener({ blob: mailbox.blob, objects: store.objects }),
      },
      authenticator,
      accountWatch,
      certificates,
      lock: noMaildropLock,
      clock,
      hostname,
      log: log.child({ service: 'pop3' }),
    })
  return {
    smtp: smtp('smtp'),
    submission: smtp('submission'),
    submissions: smtp('submissions'),
    lmtp: smtp('lmtp'),
    imap: imap('imap'),
    imaps: imap('imaps'),
    pop3: pop3('pop3'),
    pop3s: pop3('pop3s'),
  } satisfies Record<ListenerName, () => Listener>
}
