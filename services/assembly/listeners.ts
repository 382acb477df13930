// The listeners that the settings ask for, opened together and closed together.

import type { AddressInfo } from 'node:net'
import { AccountSessions } from '#services/imap/account-sessions.ts'
import { imapDefaults } from '#services/imap/config.ts'
import { createImapListener } from '#services/imap/listener.ts'
import { createMemory } from '#services/imap/memory.ts'
import { pop3Defaults } from '#services/pop3/config.ts'
import { createPop3Listener } from '#services/pop3/listener.ts'
import { noMaildropLock } from '#services/pop3/maildrop-lock.ts'
import { createSmtpListener } from '#services/smtp/listener.ts'
import { accountCredentials } from '#shared/auth/account-credentials.ts'
import { createAccountWatch } from '#shared/auth/account-watch.ts'
import { createAuthenticator } from '#shared/auth/authenticator.ts'
import type { PolicyClient } from '#shared/contracts/policy.ts'
import type { CloseOptions } from '#shared/net/drain.ts'
import type { CertificateSource } from '#shared/net/tls/certificate-source.ts'
import { createDoorbell } from '#shared/queue/doorbell.ts'
import { createSpool } from '#shared/queue/spool.ts'
import type { Settings } from '#shared/runtime/settings/table.ts'
import type { Signals } from '#shared/storage/ports.ts'
import type { Core } from './core.ts'
import { formatEndpoint } from './endpoint.ts'
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
  readonly policy: PolicyClient
  /** What tells that sessions have to end; undefined where the process cannot subscribe. */
  readonly hints: Signals | undefined
}

type Listener = {
  listen(): Promise<AddressInfo | readonly AddressInfo[]>
  close(options: CloseOptions): Promise<unknown>
}

export async function openListeners(core: Core, parts: ListenerParts) {
  const { settings } = core
  const opened: { readonly listener: Listener; readonly at: OpenListener }[] = []

  async function close(graceMs: number, paceMs = 0): Promise<void> {
    await Promise.all(opened.map(({ listener }) => listener.close({ graceMs, paceMs })))
  }

  try {
    for (const [name, make] of Object.entries(makers(core, parts))) {
      const { enabled, address, port } = settings.listeners[name as ListenerName]
      if (!enabled) continue
      const listener = make(address, port)
      const what = `${name} cannot listen on ${formatEndpoint({ address, port })}`
      const bound = [
        await explained<AddressInfo | readonly AddressInfo[]>(what, listener.listen()),
      ].flat()[0]
      opened.push({
        listener,
        at: {
          name: name as ListenerName,
          address: bound?.address ?? address,
          port: bound?.port ?? port,
        },
      })
    }
  } catch (error) {
    await close(0)
    throw error
  }
  return { opened: opened.map(({ at }) => at), close }
}

function makers(core: Core, { certificates, policy, hints }: ListenerParts) {
  const { settings, store, directory, mailbox, queue, clock, log } = core
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
  const smtp = (role: 'smtp' | 'submission' | 'submissions') => (address: string, port: number) =>
    createSmtpListener(
      {
        ...settings,
        role,
        address,
        port,
        tlsMinimumVersion: settings.tls.minimumVersion,
        smtpdTimeoutMs: settings.smtpdTimeout,
        smtpdErrorSleepTimeMs: settings.smtpdErrorSleepTime,
        clientUnknownRecipientWindowMs: settings.clientUnknownRecipientWindow,
      },
      {
        spool,
        policy,
        authenticator,
        accountWatch,
        certificates,
        clock,
        hostname,
        log: log.child({ service: 'smtp' }),
      },
    )
  const accountSessions = new AccountSessions(settings.imapAccountConnectionCountLimit)
  const memory = createMemory()
  const imap = (tls: 'starttls' | 'implicit') => (host: string, port: number) =>
    createImapListener({
      options: {
        ...imapDefaults,
        endpoints: [{ host, port, tls }],
        tls: { minVersion: settings.tls.minimumVersion },
        disablePlaintextAuth: settings.disablePlaintextAuth,
        authMechanisms: settings.authMechanisms,
        messageSizeLimit: settings.messageSizeLimit,
        connectionsMax: settings.imapConnectionCountLimit,
        connectionsPerAddressMax: settings.clientConnectionCountLimit,
        proxyTrustedNetworks: settings.proxyTrustedNetworks,
        connectionsPerAccountMax: settings.imapAccountConnectionCountLimit,
        loginTimeoutMs: settings.imapLoginTimeout,
        idleTimeoutMs: settings.imapTimeout,
      },
      certificates,
      mailbox,
      snapshots: mailbox.snapshots,
      table: store.tables.mail,
      objects: store.objects,
      signals: store.signals,
      space: store.space,
      authenticator,
      accountWatch,
      accountSessions,
      memory,
      quota: core.quota,
      clock,
      log: log.child({ service: 'imap' }),
      hostname,
    })
  const pop3 = (tls: 'starttls' | 'implicit') => (host: string, port: number) =>
    createPop3Listener(
      {
        ...pop3Defaults,
        endpoints: [{ host: host === '' ? '::' : host, port, tls }],
        disablePlaintextAuth: settings.disablePlaintextAuth,
        authMechanisms: settings.authMechanisms,
        connectionsMax: settings.connectionCountLimit,
        connectionsPerAddressMax: settings.clientConnectionCountLimit,
        proxyTrustedNetworks: settings.proxyTrustedNetworks,
        authFailureDelayMs: settings.authFailureDelay,
        commandErrorsMax: settings.pop3ErrorLimit,
        loginTimeoutMs: settings.pop3LoginTimeout,
        idleTimeoutMs: settings.pop3Timeout,
      },
      {
        mailboxes: mailbox,
        authenticator,
        accountWatch,
        certificates,
        lock: noMaildropLock,
        clock,
        hostname,
        log: log.child({ service: 'pop3' }),
      },
    )
  return {
    smtp: smtp('smtp'),
    submission: smtp('submission'),
    submissions: smtp('submissions'),
    imap: imap('starttls'),
    imaps: imap('implicit'),
    pop3: pop3('starttls'),
    pop3s: pop3('implicit'),
  } satisfies Record<ListenerName, (address: string, port: number) => Listener>
}
