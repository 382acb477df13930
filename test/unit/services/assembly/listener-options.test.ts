// Which setting reaches which listener: every setting is turned by itself, and what each listener then is told otherwise is compared
// with the table. What is not in the table reaches no listener.

import { describe, expect, it } from 'vitest'
import {
  imapOptions,
  manageSieveOptions,
  pop3Options,
  smtpOptions,
} from '#services/assembly/listener-options.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { type Settings, settingsByPath } from '#shared/settings/table.ts'

const listeners = {
  smtp: (settings: Settings) => smtpOptions(settings, 'smtp'),
  submission: (settings: Settings) => smtpOptions(settings, 'submission'),
  submissions: (settings: Settings) => smtpOptions(settings, 'submissions'),
  lmtp: (settings: Settings) => smtpOptions(settings, 'lmtp'),
  imap: (settings: Settings) => imapOptions(settings, 'imap'),
  imaps: (settings: Settings) => imapOptions(settings, 'imaps'),
  pop3: (settings: Settings) => pop3Options(settings, 'pop3'),
  pop3s: (settings: Settings) => pop3Options(settings, 'pop3s'),
  managesieve: manageSieveOptions,
}
type Name = keyof typeof listeners

const smtp = ['smtp', 'submission', 'submissions', 'lmtp'] as const
/** LMTP listens on loopback unless it is told otherwise. */
const smtpEverywhere = ['smtp', 'submission', 'submissions'] as const
const imap = ['imap', 'imaps'] as const
const pop3 = ['pop3', 'pop3s'] as const
const managesieve = ['managesieve'] as const
const all = [...smtp, ...imap, ...pop3, ...managesieve] as const

type Row = readonly [
  path: string,
  /** Another one than the default, and than any other number here. */
  value: string,
  reaches: { readonly [option: string]: { readonly at: readonly Name[]; readonly as: unknown } },
]

const to = (at: readonly Name[], option: string, as: unknown) => ({ [option]: { at, as } })

const tlsOf = { starttls: ['imap', 'pop3', 'managesieve'], implicit: ['imaps', 'pop3s'] } as const
const endpoints = (change: (name: Name) => readonly object[]) =>
  Object.fromEntries(
    Object.entries(tlsOf).flatMap(([tls, names]) =>
      names.map((name) => [
        `endpoints of ${name}`,
        { at: [name], as: change(name).map((one) => ({ ...one, tls })) },
      ]),
    ),
  )

const portOf = { imap: 1143, imaps: 1993, pop3: 1110, pop3s: 1995, managesieve: 4190 }

const rows: readonly Row[] = [
  ['smtpdBanner', '$hostname ESMTP other', to(smtp, 'smtpdBanner', 'mx.test ESMTP other')],
  [
    'hostname',
    'other.test',
    // and as a service of every listener
    {
      ...to(smtp, 'smtpdBanner', 'other.test ESMTP Postwolke'),
      ...to(smtp, 'originDomain', 'other.test'),
      ...to(imap, 'sieveUrl', 'sieve://other.test'),
    },
  ],
  ['messageSizeLimit', '1001', to([...smtp, ...imap], 'messageSizeLimit', 1_001)],
  ['appendSizeLimit', '2001', to(imap, 'messageSizeLimit', 2_001)],
  ['smtpdRecipientLimit', '1002', to(smtp, 'smtpdRecipientLimit', 1_002)],
  ['smtpdSoftErrorLimit', '1003', to(smtp, 'smtpdSoftErrorLimit', 1_003)],
  ['smtpdErrorSleepTime', '1004ms', to(smtp, 'smtpdErrorSleepTimeMs', 1_004)],
  ['smtpdErrorLimit', '1005', to(smtp, 'smtpdErrorLimit', 1_005)],
  ['clientUnknownRecipientLimit', '1006', to(smtp, 'clientUnknownRecipientLimit', 1_006)],
  ['clientUnknownRecipientWindow', '1007ms', to(smtp, 'clientUnknownRecipientWindowMs', 1_007)],
  ['anvilRateTimeUnit', '2001ms', to(smtp, 'anvilRateTimeUnitMs', 2_001)],
  ['smtpdClientConnectionRateLimit', '2002', to(smtp, 'smtpdClientConnectionRateLimit', 2_002)],
  ['smtpdClientMessageRateLimit', '2003', to(smtp, 'smtpdClientMessageRateLimit', 2_003)],
  ['smtpdClientRecipientRateLimit', '2004', to(smtp, 'smtpdClientRecipientRateLimit', 2_004)],
  [
    'smtpdClientNewTlsSessionRateLimit',
    '2005',
    to(smtp, 'smtpdClientNewTlsSessionRateLimit', 2_005),
  ],
  ['smtpdClientAuthRateLimit', '2006', to(smtp, 'smtpdClientAuthRateLimit', 2_006)],
  ['smtpdClientByteRateLimit', '2007', to(smtp, 'smtpdClientByteRateLimit', 2_007)],
  ['smtpdClientErrorRateLimit', '2008', to(smtp, 'smtpdClientErrorRateLimit', 2_008)],
  ['smtpdNetworkRateFactor', '909', to(smtp, 'smtpdNetworkRateFactor', 909)],
  ['smtpdAccountMessageRateLimit', '2009', to(smtp, 'smtpdAccountMessageRateLimit', 2_009)],
  ['smtpdAccountRecipientRateLimit', '2010', to(smtp, 'smtpdAccountRecipientRateLimit', 2_010)],
  [
    'smtpdSenderDomainMessageRateLimit',
    '2011',
    to(smtp, 'smtpdSenderDomainMessageRateLimit', 2_011),
  ],
  ['smtpdRecipientMessageRateLimit', '2012', to(smtp, 'smtpdRecipientMessageRateLimit', 2_012)],
  [
    'smtpdClientEventLimitExceptions',
    '192.0.2.12',
    to(smtp, 'smtpdClientEventLimitExceptions', ['192.0.2.12']),
  ],
  ['smtpdAccountConnectionCountLimit', '2030', to(smtp, 'smtpdAccountConnectionCountLimit', 2_030)],
  ['smtpdGreetPause', '2020ms', to(smtp, 'smtpdGreetPauseMs', 2_020)],
  ['smtpdGreetAction', 'flag', to(smtp, 'smtpdGreetAction', 'flag')],
  ['mynetworks', '192.0.2.8', to(smtp, 'mynetworks', ['192.0.2.8'])],
  ['smtpdRejectSenderLoginMismatch', 'no', to(smtp, 'smtpdRejectSenderLoginMismatch', false)],
  ['smtpdDelayReject', 'no', to(smtp, 'smtpdDelayReject', false)],
  ['softBounce', 'yes', to(smtp, 'softBounce', true)],
  ['smtpdSaslAuthenticatedHeader', 'no', to(smtp, 'smtpdSaslAuthenticatedHeader', false)],
  ['smtpdHeloRequired', 'no', to(smtp, 'smtpdHeloRequired', false)],
  ['smtpLineLengthLimit', '1020', to(smtp, 'smtpLineLengthLimit', 1_020)],
  ['strictRfc821Envelopes', 'yes', to(smtp, 'strictRfc821Envelopes', true)],
  ['myorigin', 'origin.test', to(smtp, 'originDomain', 'origin.test')],
  ['defaultDomain', 'home.test', to(smtp, 'originDomain', 'home.test')],
  ['appendDotMydomain', 'yes', to(smtp, 'appendedDomain', 'mx.test')],
  ['proxyInterfaces', '192.0.2.10', to(smtp, 'proxyInterfaces', ['192.0.2.10'])],
  ['lmtpTrustedNetworks', '192.0.2.11', to(smtp, 'lmtpTrustedNetworks', ['192.0.2.11'])],
  [
    'reinjectionTrustedNetworks',
    '192.0.2.12',
    to(smtp, 'reinjectionTrustedNetworks', ['192.0.2.12']),
  ],
  ['contentFilter', 'scan:[127.0.0.1]:10024', to(smtp, 'contentFilter', 'smtp:[127.0.0.1]:10024')],
  ['aclAnyone', 'yes', to(imap, 'aclAnyone', true)],
  ['imapLoginFailureLimit', '9', to(imap, 'loginFailuresMax', 9)],
  ['disableVrfyCommand', 'no', to(smtp, 'disableVrfyCommand', false)],
  ['disablePlaintextAuth', 'no', to(all, 'disablePlaintextAuth', 'no')],
  ['authMechanisms', 'PLAIN', to(all, 'authMechanisms', ['PLAIN'])],
  ['smtpdSaslAuthEnable', 'yes', to(smtp, 'smtpdSaslAuthEnable', true)],
  ['brokenSaslAuthClients', 'yes', to(smtp, 'brokenSaslAuthClients', true)],
  ['smtpdTlsAskCcert', 'yes', to(smtp, 'smtpdTlsAskCcert', true)],
  ['submissionRequireTls', 'no', to(smtp, 'submissionRequireTls', false)],
  ['tls.minimumVersion', 'TLSv1.3', to(all, 'tls', { minVersion: 'TLSv1.3' })],
  ['smtpdTimeout', '1008ms', to(smtp, 'smtpdTimeoutMs', 1_008)],
  [
    'connectionCountLimit',
    '1009',
    to([...smtp, ...pop3, ...managesieve], 'connectionCountLimit', 1_009),
  ],
  ['imapConnectionCountLimit', '1010', to(imap, 'connectionCountLimit', 1_010)],
  ['clientConnectionCountLimit', '1011', to(all, 'clientConnectionCountLimit', 1_011)],
  ['proxyTrustedNetworks', '192.0.2.9', to(all, 'proxyTrustedNetworks', ['192.0.2.9'])],
  ['imapAccountConnectionCountLimit', '1012', to(imap, 'accountConnectionCountLimit', 1_012)],
  ['imapLoginTimeout', '1013ms', to(imap, 'loginTimeoutMs', 1_013)],
  ['imapTimeout', '1801014ms', to(imap, 'idleTimeoutMs', 1_801_014)],
  ['authFailureDelay', '1015ms', to([...pop3, ...managesieve], 'authFailureDelayMs', 1_015)],
  ['pop3ErrorLimit', '1016', to(pop3, 'commandErrorsMax', 1_016)],
  ['pop3LoginTimeout', '1017ms', to(pop3, 'loginTimeoutMs', 1_017)],
  ['pop3Timeout', '601018ms', to(pop3, 'idleTimeoutMs', 601_018)],
  [
    'managesieveAccountConnectionCountLimit',
    '1019',
    to(managesieve, 'accountConnectionCountLimit', 1_019),
  ],
  ['managesieveLoginTimeout', '1020ms', to(managesieve, 'loginTimeoutMs', 1_020)],
  ['managesieveTimeout', '1801021ms', to(managesieve, 'idleTimeoutMs', 1_801_021)],
  [
    'inetInterfaces',
    '127.0.0.1, ::1',
    {
      ...to(smtpEverywhere, 'address', '127.0.0.1'),
      ...to(smtpEverywhere, 'otherAddresses', ['::1']),
      ...endpoints((name) =>
        ['127.0.0.1', '::1'].map((host) => ({ host, port: portOf[name as keyof typeof portOf] })),
      ),
    },
  ],
  ['listeners.lmtp.address', '127.0.0.1, ::1', to(['lmtp'], 'otherAddresses', ['::1'])],
  ...all.flatMap((name, i): Row[] => {
    const isSmtp = smtp.some((one) => one === name)
    const tls = tlsOf.starttls.some((one) => one === name) ? 'starttls' : 'implicit'
    const at = [name]
    // RFC 5804 §3: IMAP names where scripts are managed.
    const named = name === 'managesieve' ? to(imap, 'sieveUrl', `sieve://mx.test:${3_000 + i}`) : {}
    const port = isSmtp
      ? to(at, 'port', 3_000 + i)
      : to(at, 'endpoints', [{ host: '', port: 3_000 + i, tls }])
    const address = `192.0.2.${i}`
    const bound = isSmtp
      ? to(at, 'address', address)
      : to(at, 'endpoints', [{ host: address, port: portOf[name as keyof typeof portOf], tls }])
    return [
      [`listeners.${name}.port`, String(3_000 + i), { ...port, ...named }],
      [`listeners.${name}.address`, address, bound],
    ]
  }),
]

function optionsOf(overrides: readonly string[]) {
  const loaded = loadSettings({
    environment: {},
    overrides: ['hostname=mx.test', ...overrides],
  })
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
  return all.map((name) => [name, Object.entries(listeners[name](loaded.settings))] as const)
}

const unchanged = new Map(optionsOf([]).map(([name, options]) => [name, new Map(options)]))

/** `smtp.port` and so on, as they are told otherwise. */
function changesOf(overrides: readonly string[]): { readonly [option: string]: unknown } {
  return Object.fromEntries(
    optionsOf(overrides).flatMap(([name, options]) =>
      options
        .filter(([option, as]) => {
          const before: unknown = unchanged.get(name)?.get(option as never)
          return JSON.stringify(before) !== JSON.stringify(as)
        })
        .map(([option, as]) => [`${name}.${option}`, as]),
    ),
  )
}

it('IMAP names no ManageSieve where there is none', () => {
  expect(changesOf(['listeners.managesieve.enabled=no'])).toEqual({
    'imap.sieveUrl': null,
    'imaps.sieveUrl': null,
  })
})

describe('a setting reaches the listeners it is about:', () => {
  it.each(rows)('%s', (path, value, reaches) => {
    const expected = Object.entries(reaches).flatMap(([option, { at, as }]) =>
      at.map((name) => [`${name}.${option.replace(/ of .*/, '')}`, as]),
    )
    expect(changesOf([`${path}=${value}`])).toEqual(Object.fromEntries(expected))
  })

  it('every option of a listener is in the table, or is no setting', () => {
    const reached = new Set(
      rows.flatMap(([, , reaches]) =>
        Object.entries(reaches).flatMap(([option, { at }]) =>
          at.map((name) => `${name}.${option.replace(/ of .*/, '')}`),
        ),
      ),
    )
    const others = optionsOf([]).flatMap(([name, options]) =>
      options.map(([option]) => `${name}.${option}`).filter((option) => !reached.has(option)),
    )
    expect(new Set(others.map((option) => option.replace(/^[a-z0-9]+\./, '')))).toEqual(
      new Set([
        'role',
        'offersDsn',
        'messageLimit',
        'notifyMailboxesMax',
        'writeTimeoutMs',
        'safetyPollMs',
        'lockMaildrop',
        'loginFailuresMax',
      ]),
    )
  })

  it('the table knows every setting with a name of a listener', () => {
    const known = new Set(rows.map(([path]) => path))
    const named = [...settingsByPath.keys()].filter((path) =>
      /^(?:smtpd|imap|pop3|listeners\.|client(?!Setup)|submission)/.test(path),
    )
    expect(named.filter((path) => !known.has(path))).toEqual(
      [
        ...all.map((name) => `listeners.${name}.enabled`),
        // As for any other.
        'listeners.reinjection.enabled',
        'listeners.reinjection.address',
        'listeners.reinjection.port',
        // Of others (http.ts).
        ...['http', 'https'].flatMap((name) =>
          ['enabled', 'address', 'port'].map((option) => `listeners.${name}.${option}`),
        ),
        // To policy.
        'smtpdSenderLoginMaps',
        'smtpdRestrictionClasses',
        'smtpdRejectUnlistedRecipient',
        'smtpdRejectUnlistedSender',
        ...[...settingsByPath.keys()].filter((path) =>
          /^(?:smtpd|submission)\w+Restrictions$|^smtpdPolicyService/.test(path),
        ),
        // Read by whoever opens the listeners.
        'smtpdTlsCAfile',
        'smtpdMilters',
      ].sort(
        (a, b) => [...settingsByPath.keys()].indexOf(a) - [...settingsByPath.keys()].indexOf(b),
      ),
    )
  })
})
