// Which setting reaches which listener, and under which name. Nothing is passed on that is not named here.

import { type ImapOptions, imapDefaults } from '#services/imap/config.ts'
import { type ManageSieveOptions, manageSieveDefaults } from '#services/managesieve/config.ts'
import { type Pop3Options, pop3Defaults } from '#services/pop3/config.ts'
import type { SmtpOptions, SmtpRole } from '#services/smtp/config.ts'
import { withoutIssuer } from '#shared/sasl/sasl-exchange.ts'
import { contentFilterHop } from '#shared/settings/filter-kinds.ts'
import { homeDomain, originDomain } from '#shared/settings/own-domains.ts'
import type { Settings } from '#shared/settings/table.ts'

type Proxied = { readonly proxyTrustedNetworks: readonly string[] }

export function smtpOptions(settings: Settings, role: SmtpRole): SmtpOptions {
  const { address, port } = settings.listeners[role]
  const [first = '', ...otherAddresses] = address
  return {
    role,
    contentFilter: role === 'reinjection' ? '' : contentFilterHop.format(settings.contentFilter),
    address: first,
    otherAddresses,
    port,
    smtpdBanner: settings.smtpdBanner,
    messageSizeLimit: settings.messageSizeLimit,
    smtpdRecipientLimit: settings.smtpdRecipientLimit,
    smtpdSoftErrorLimit: settings.smtpdSoftErrorLimit,
    smtpdErrorSleepTimeMs: settings.smtpdErrorSleepTime,
    smtpdErrorLimit: settings.smtpdErrorLimit,
    clientUnknownRecipientLimit: settings.clientUnknownRecipientLimit,
    clientUnknownRecipientWindowMs: settings.clientUnknownRecipientWindow,
    anvilRateTimeUnitMs: settings.anvilRateTimeUnit,
    smtpdClientConnectionRateLimit: settings.smtpdClientConnectionRateLimit,
    smtpdClientMessageRateLimit: settings.smtpdClientMessageRateLimit,
    smtpdClientRecipientRateLimit: settings.smtpdClientRecipientRateLimit,
    smtpdClientNewTlsSessionRateLimit: settings.smtpdClientNewTlsSessionRateLimit,
    smtpdClientAuthRateLimit: settings.smtpdClientAuthRateLimit,
    smtpdClientByteRateLimit: settings.smtpdClientByteRateLimit,
    smtpdClientErrorRateLimit: settings.smtpdClientErrorRateLimit,
    smtpdNetworkRateFactor: settings.smtpdNetworkRateFactor,
    smtpdAccountMessageRateLimit: settings.smtpdAccountMessageRateLimit,
    smtpdAccountRecipientRateLimit: settings.smtpdAccountRecipientRateLimit,
    smtpdAccountConnectionCountLimit: settings.smtpdAccountConnectionCountLimit,
    smtpdSenderDomainMessageRateLimit: settings.smtpdSenderDomainMessageRateLimit,
    smtpdRecipientMessageRateLimit: settings.smtpdRecipientMessageRateLimit,
    smtpdClientEventLimitExceptions: settings.smtpdClientEventLimitExceptions,
    smtpdGreetPauseMs: settings.smtpdGreetPause,
    smtpdGreetAction: settings.smtpdGreetAction,
    mynetworks: settings.mynetworks,
    smtpdRejectSenderLoginMismatch: settings.smtpdRejectSenderLoginMismatch,
    smtpdSaslAuthenticatedHeader: settings.smtpdSaslAuthenticatedHeader,
    smtpdHeloRequired: settings.smtpdHeloRequired,
    smtpdDelayReject: settings.smtpdDelayReject,
    softBounce: settings.softBounce,
    smtpLineLengthLimit: settings.smtpLineLengthLimit,
    strictRfc821Envelopes: settings.strictRfc821Envelopes,
    originDomain: originDomain(settings),
    appendedDomain: settings.appendDotMydomain ? homeDomain(settings) : '',
    proxyInterfaces: settings.proxyInterfaces,
    lmtpTrustedNetworks: settings.lmtpTrustedNetworks,
    reinjectionTrustedNetworks: settings.reinjectionTrustedNetworks,
    disableVrfyCommand: settings.disableVrfyCommand,
    offersDsn: true,
    disablePlaintextAuth: settings.disablePlaintextAuth,
    authMechanisms: offeredHere(settings),
    smtpdSaslAuthEnable: settings.smtpdSaslAuthEnable,
    brokenSaslAuthClients: settings.brokenSaslAuthClients,
    smtpdTlsAskCcert: settings.smtpdTlsAskCcert,
    submissionRequireTls: settings.submissionRequireTls,
    tls: { minVersion: settings.tls.minimumVersion },
    smtpdTimeoutMs: settings.smtpdTimeout,
    connectionCountLimit: settings.connectionCountLimit,
    clientConnectionCountLimit: settings.clientConnectionCountLimit,
    proxyTrustedNetworks: settings.proxyTrustedNetworks,
  }
}

/** RFC 5804 §3: sieveurl-server; the port is 4190 where none is named. */
function sieveUrlOf({ hostname, listeners }: Settings): string | null {
  const { enabled, port } = listeners.managesieve
  if (!enabled) return null
  return port === SIEVE_PORT ? `sieve://${hostname}` : `sieve://${hostname}:${port}`
}

const SIEVE_PORT = 4190

export function imapOptions(settings: Settings, name: 'imap' | 'imaps'): ImapOptions & Proxied {
  return {
    ...imapDefaults,
    endpoints: endpoints(settings.listeners[name], name === 'imap' ? 'starttls' : 'implicit'),
    tls: { minVersion: settings.tls.minimumVersion },
    disablePlaintextAuth: settings.disablePlaintextAuth,
    authMechanisms: offeredHere(settings),
    messageSizeLimit: settings.appendSizeLimit || settings.messageSizeLimit,
    aclAnyone: settings.aclAnyone,
    sieveUrl: sieveUrlOf(settings),
    connectionCountLimit: settings.imapConnectionCountLimit,
    clientConnectionCountLimit: settings.clientConnectionCountLimit,
    proxyTrustedNetworks: settings.proxyTrustedNetworks,
    accountConnectionCountLimit: settings.imapAccountConnectionCountLimit,
    loginFailuresMax: settings.imapLoginFailureLimit,
    loginTimeoutMs: settings.imapLoginTimeout,
    idleTimeoutMs: settings.imapTimeout,
  }
}

export function pop3Options(settings: Settings, name: 'pop3' | 'pop3s'): Pop3Options & Proxied {
  return {
    ...pop3Defaults,
    endpoints: endpoints(settings.listeners[name], name === 'pop3' ? 'starttls' : 'implicit'),
    tls: { minVersion: settings.tls.minimumVersion },
    disablePlaintextAuth: settings.disablePlaintextAuth,
    authMechanisms: offeredHere(settings),
    connectionCountLimit: settings.connectionCountLimit,
    clientConnectionCountLimit: settings.clientConnectionCountLimit,
    proxyTrustedNetworks: settings.proxyTrustedNetworks,
    authFailureDelayMs: settings.authFailureDelay,
    commandErrorsMax: settings.pop3ErrorLimit,
    loginTimeoutMs: settings.pop3LoginTimeout,
    idleTimeoutMs: settings.pop3Timeout,
  }
}

export function manageSieveOptions(settings: Settings): ManageSieveOptions & Proxied {
  return {
    ...manageSieveDefaults,
    endpoints: endpoints(settings.listeners.managesieve, 'starttls'),
    tls: { minVersion: settings.tls.minimumVersion },
    disablePlaintextAuth: settings.disablePlaintextAuth,
    authMechanisms: offeredHere(settings),
    connectionCountLimit: settings.connectionCountLimit,
    clientConnectionCountLimit: settings.clientConnectionCountLimit,
    proxyTrustedNetworks: settings.proxyTrustedNetworks,
    accountConnectionCountLimit: settings.managesieveAccountConnectionCountLimit,
    authFailureDelayMs: settings.authFailureDelay,
    loginTimeoutMs: settings.managesieveLoginTimeout,
    idleTimeoutMs: settings.managesieveTimeout,
  }
}

function endpoints({ address, port }: Settings['listeners']['imap'], tls: 'starttls' | 'implicit') {
  return address.map((host) => ({ host, port, tls }))
}

/** Where there is no issuer, no client shall look for a token. */
const offeredHere = ({ authMechanisms, oidcIssuer }: Settings) =>
  oidcIssuer === '' ? withoutIssuer(authMechanisms) : authMechanisms
