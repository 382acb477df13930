// The listeners that the settings ask for, opened together and closed together.

import type { AddressInfo } from 'node:net'
import { createImapListener } from '#services/imap/listener.ts'
import { createMemory } from '#services/imap/memory.ts'
import { createManageSieveListener } from '#services/managesieve/listener.ts'
import { createPop3Listener } from '#services/pop3/listener.ts'
import { noMaildropLock } from '#services/pop3/maildrop-lock.ts'
import type { SmtpRole } from '#services/smtp/config.ts'
import { createSmtpListener } from '#services/smtp/listener.ts'
import { AccountSessions } from '#shared/auth/account-sessions.ts'
import { createAccountWatch } from '#shared/auth/account-watch.ts'
import { noteDevices } from '#shared/auth/devices.ts'
import type { AccountWatch } from '#shared/contracts/authenticate.ts'
import type { ContentStage } from '#shared/contracts/content.ts'
import type { DialogueFilters } from '#shared/contracts/milter.ts'
import type { Policy } from '#shared/contracts/policy.ts'
import { createMessageOpener } from '#shared/message/message-opener.ts'
import type { CloseOptions } from '#shared/net/drain.ts'
import type { CertificateSource } from '#shared/net/tls/certificate.ts'
import { createCleanEnvelope } from '#shared/queue/clean-envelope.ts'
import { createDoorbell } from '#shared/queue/doorbell.ts'
import { createSpool } from '#shared/queue/spool.ts'
import type { Settings } from '#shared/settings/table.ts'
import { createScriptShelf } from '#shared/sieve/shelf.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import type { Signals } from '#shared/storage/ports.ts'
import { assembleAuthenticator, type LoginParts } from './authenticator.ts'
import type { Backend } from './backend.ts'
import { formatEndpoint } from './endpoint.ts'
import { imapOptions, manageSieveOptions, pop3Options, smtpOptions } from './listener-options.ts'
import { assembleOutbox } from './outbox.ts'
import { reinjectionPolicy } from './reinjection.ts'
import { assembleScripting } from './scripting.ts'
import { explained } from './start-failure.ts'

export type ListenerName = keyof Settings['listeners']

export type OpenListener = {
  readonly name: ListenerName
  readonly address: string
  readonly port: number
}

/** What differs between one machine and AWS. */
export type ListenerParts = LoginParts & {
  readonly certificates: CertificateSource
  /** PEM; of whom SMTP clients may have certificates. Undefined: the usual public ones. */
  readonly clientAuthorities?: string | undefined
  readonly policy: Policy
  /** What else looks at messages; undefined: nothing does. */
  readonly content?: ContentStage | undefined
  /** Who hears what SMTP clients say; undefined: nobody does. */
  readonly filters?: DialogueFilters | undefined
  /** What tells that sessions have to end; undefined where the process cannot subscribe. */
  readonly hints: Signals | undefined
}

type Listener = {
  listen(): Promise<AddressInfo | readonly AddressInfo[]>
  /** Where `listen` tells the first address only. */
  readonly bound?: readonly AddressInfo[]
  close(options: CloseOptions): Promise<unknown>
}

/** HTTP has other ends (http.ts). */
type MailListenerName = Exclude<ListenerName, 'http' | 'https'>
type Makers = [name: MailListenerName, make: () => Listener][]

export async function openListeners(backend: Backend, parts: ListenerParts) {
  const { settings } = backend
  const opened: { readonly listener: Listener; readonly at: readonly OpenListener[] }[] = []
  const { directory, devices, clock, log } = backend
  const { accounts, factors, sources } = directory
  const watch = createAccountWatch({
    ...{ accounts, factors, sources, settings, hints: parts.hints, clock, log },
  })
  const accountWatch = noteDevices(watch, devices, clock)

  async function close(graceMs: number, paceMs = 0): Promise<void> {
    await Promise.all(opened.map(({ listener }) => listener.close({ graceMs, paceMs })))
  }

  try {
    for (const [name, make] of Object.entries(makers(backend, parts, accountWatch)) as Makers) {
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
  return { opened: opened.flatMap(({ at }) => at), sessions: watch.sessions, close }
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

function makers(backend: Backend, parts: ListenerParts, accountWatch: AccountWatch) {
  const { certificates, clientAuthorities, policy, content, filters } = parts
  const { settings, store, mailbox, queue, clock, log } = backend
  const { hostname } = settings
  const authenticator = assembleAuthenticator(backend, parts)
  const spool = createSpool({
    queue,
    store,
    ring: createDoorbell(store.queues.incoming, log),
    cleanEnvelope: createCleanEnvelope(backend.rewriting),
    options: settings,
    clock,
    log,
  })
  // Of submission and of submissions together.
  const smtpSessions = new AccountSessions(settings.smtpdAccountConnectionCountLimit)
  const smtp = (role: SmtpRole) => () =>
    createSmtpListener(smtpOptions(settings, role), {
      spool,
      ...(role === 'reinjection' ? { policy: reinjectionPolicy } : { policy, content }),
      // What comes by LMTP or from a content filter was filtered already.
      filters: role === 'lmtp' || role === 'reinjection' ? undefined : filters,
      clientAuthorities,
      authenticator,
      accountWatch,
      certificates,
      accountSessions: smtpSessions,
      rates: backend.rates,
      clock,
      hostname,
      log: log.child({ service: 'smtp' }),
    })
  const accountSessions = new AccountSessions(settings.imapAccountConnectionCountLimit)
  // Of both listeners of IMAP.
  const scripting = lazily(() => assembleScripting(backend, assembleOutbox(backend)))
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
      scripting: scripting(),
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
  const managesieve = () =>
    createManageSieveListener(manageSieveOptions(settings), {
      sieve: () => ({
        shelf: createScriptShelf({
          scripts: backend.directory.scripts,
          vocabulary,
          limits: backend.sieveLimits,
        }),
        extensions: [...vocabulary.extensions],
        maxRedirects: backend.sieveLimits.maxRedirects,
      }),
      authenticator,
      accountWatch,
      certificates,
      clock,
      hostname,
      log: log.child({ service: 'managesieve' }),
    })
  return {
    smtp: smtp('smtp'),
    submission: smtp('submission'),
    submissions: smtp('submissions'),
    lmtp: smtp('lmtp'),
    reinjection: smtp('reinjection'),
    imap: imap('imap'),
    imaps: imap('imaps'),
    pop3: pop3('pop3'),
    pop3s: pop3('pop3s'),
    managesieve,
  } satisfies Record<MailListenerName, () => Listener>
}
