// Remote delivery put together: the settings as the policy of each next hop, the transports, and an end for what is under way.

import { SessionCache } from '#services/delivery/remote/client/session-cache.ts'
import { connectFrom } from '#services/delivery/remote/connect.ts'
import { createFixedTransport } from '#services/delivery/remote/fixed-transports.ts'
import {
  createHopPolicies,
  type HopPolicyOptions,
  type Login,
  policyOfFilter,
} from '#services/delivery/remote/hop-policy.ts'
import { createInterruption, type Interruption } from '#services/delivery/remote/interruption.ts'
import { createLeavingEnvelope } from '#services/delivery/remote/leaving-envelope.ts'
import { createProbe } from '#services/delivery/remote/probe.ts'
import { createRemoteDelivery } from '#services/delivery/remote/remote-delivery.ts'
import {
  createSmtpTransport,
  type SmtpTransportDeps,
} from '#services/delivery/remote/smtp-transport.ts'
import type { SecurityOf } from '#services/delivery/remote/tls/host-security.ts'
import {
  createSecurityOf,
  securityOfFilter,
  type TlsPolicyOptions,
} from '#services/delivery/remote/tls/policies.ts'
import { createTlsClient } from '#services/delivery/remote/tls/tls-client.ts'
import type { Transport } from '#services/delivery/remote/transport.ts'
import type { ProbeAddress } from '#shared/contracts/verify.ts'
import type { Route } from '#shared/mail/route.ts'
import { createTargets } from '#shared/net/targets.ts'
import type { RemoteDelivery } from '#shared/queue/pipeline.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Backend } from './backend.ts'
import { openResolver } from './dns.ts'
import { openOutboundTls } from './outbound-tls.ts'
import { assembleSigning } from './signing.ts'

export type OpenRemoteDelivery = Pick<Interruption, 'cutOff' | 'isIdle'> & {
  readonly deliver: RemoteDelivery
  readonly probe: ProbeAddress
  /** Sessions that wait for more mail are ended, and none waits any more. */
  close(): void
}

export type RemoteSecrets = {
  /** The login at the relay host, null for none. */
  readonly relayhostAuth: Login | null
  /** PEM certificates to trust instead of the usual ones. */
  readonly tlsCa: string | undefined
  /** Shown to hosts that ask for one, PEM. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string }
}

/** What a root has of its own, or opens once for several. */
export type RemoteParts = {
  /** The way out by the API of Amazon SES, in this region. */
  readonly ses?: (region: string) => Transport
  readonly signing?: ReturnType<typeof assembleSigning>
  readonly tls?: ReturnType<typeof openOutboundTls>
}

export function openRemoteDelivery(
  backend: Backend,
  secrets: RemoteSecrets,
  parts: RemoteParts = {},
): OpenRemoteDelivery {
  const {
    ses,
    signing = assembleSigning(backend),
    tls: remembered = openOutboundTls(backend),
  } = parts
  const { settings, store, clock, log } = backend
  const { hostname } = settings
  const client = smtpClientOptions(settings)
  const { connect, guard, cutOff, isIdle } = createInterruption(connectFrom(client.bindAddresses))
  const sessions = new SessionCache(client.sessions, clock)
  const tls = tlsPolicyOptions(settings, secrets)
  const securityOf = createSecurityOf({
    options: tls,
    maps: backend.accessTables,
    ...remembered,
  })
  const options = hopPolicyOptions(settings, secrets, securityOf)
  const policyBeside = policyOfFilter({ ...options, securityOf: securityOfFilter(tls) })
  const way: SmtpTransportDeps = {
    choice: {
      ...client.choice,
      resolver: openResolver(settings),
      ownNames: new Set([hostname, client.heloName].map((name) => name.toLowerCase())),
      random: Math.random,
    },
    targets: createTargets(settings.privateDestinationNetworks),
    policyOf: createHopPolicies(options),
    policyOfSocket: policyBeside,
    fallbackRelays: client.fallbackRelays,
    heloName: client.heloName,
    ignoredExtensions: client.ignoredExtensions,
    connect,
    tlsClient: createTlsClient({ ...remembered, clock }),
    sessions,
    clock,
    log: log.child({ service: 'delivery' }),
  }
  const smtp = createSmtpTransport(way)
  const toFilter = createSmtpTransport({
    ...way,
    policyOf: () => policyBeside,
    fallbackRelays: [],
  })
  const deliver = createRemoteDelivery({
    objects: store.objects,
    transportOf: (route, { isFilter }) =>
      transportOf(route, { smtp: isFilter ? toFilter : smtp, ses }),
    leaving: createLeavingEnvelope(backend),
    signing,
    clock,
    hostname,
    log: log.child({ service: 'delivery' }),
  })
  return {
    deliver: guard(deliver),
    probe: createProbe({
      ...way,
      options: { sender: settings.addressVerifySender, slotOf: backend.routes.slotOf },
    }),
    cutOff,
    isIdle,
    close: () => sessions.close(),
  }
}

function transportOf(
  route: Route,
  { smtp, ses }: { readonly smtp: Transport; readonly ses: RemoteParts['ses'] },
): Transport {
  switch (route.kind) {
    case 'smtp':
    case 'lmtp':
      return smtp
    case 'discard':
    case 'error':
    case 'retry':
      return createFixedTransport(route)
    case 'ses':
      return ses?.(route.region) ?? noWay('SES is not used from here: name its SMTP host')
  }
}

/** Our own mistake, and no reason to return anybody's mail. */
function noWay(why: string): Transport {
  return createFixedTransport({ kind: 'retry', status: '4.3.5', why })
}

export function hopPolicyOptions(
  settings: Settings,
  { relayhostAuth }: RemoteSecrets,
  securityOf: SecurityOf,
): HopPolicyOptions {
  return {
    relayhost: settings.relayhost,
    relayhostAuth,
    securityOf,
    lineLengthLimit: settings.smtpLineLengthLimit,
    disableMimeOutputConversion: settings.disableMimeOutputConversion,
    timeouts: {
      connectMs: settings.smtpConnectTimeout,
      heloMs: settings.smtpHeloTimeout,
      starttlsMs: settings.smtpStarttlsTimeout,
      mailMs: settings.smtpMailTimeout,
      rcptMs: settings.smtpRcptTimeout,
      dataInitMs: settings.smtpDataInitTimeout,
      dataXferMs: settings.smtpDataXferTimeout,
      dataDoneMs: settings.smtpDataDoneTimeout,
      rsetMs: settings.smtpRsetTimeout,
      quitMs: settings.smtpQuitTimeout,
    },
  }
}

export function smtpClientOptions(settings: Settings) {
  return {
    choice: {
      addressPreference: settings.smtpAddressPreference,
      inetProtocols: settings.inetProtocols,
      mxAddressLimit: settings.smtpMxAddressLimit,
      mxSessionLimit: settings.smtpMxSessionLimit,
      ignoreMxLookupError: settings.ignoreMxLookupError,
    },
    heloName: settings.smtpHeloName,
    bindAddresses: { v4: settings.smtpBindAddress, v6: settings.smtpBindAddress6 },
    ignoredExtensions: new Set(settings.smtpDiscardEhloKeywords),
    fallbackRelays: settings.smtpFallbackRelay,
    sessions: {
      onDemand: settings.smtpConnectionCacheOnDemand,
      lifeMs: settings.smtpConnectionReuseTimeLimit,
    },
  } as const
}

export function tlsPolicyOptions(
  settings: Settings,
  { tlsCa, clientCertificate }: Pick<RemoteSecrets, 'tlsCa' | 'clientCertificate'>,
): TlsPolicyOptions {
  return {
    level: settings.smtpTlsSecurityLevel,
    policyMaps: settings.smtpTlsPolicyMaps,
    protocols: settings.smtpTlsProtocols,
    mandatoryProtocols: settings.smtpTlsMandatoryProtocols,
    ciphers: settings.smtpTlsCiphers,
    mandatoryCiphers: settings.smtpTlsMandatoryCiphers,
    fingerprints: settings.smtpTlsFingerprintCertMatch,
    ca: tlsCa,
    clientCertificate,
    clearAfterMs: settings.minimalBackoffTime,
  }
}
