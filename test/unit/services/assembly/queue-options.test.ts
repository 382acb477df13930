// Which setting reaches what is behind the queue: every setting of that part is turned by itself.

import { describe, expect, it } from 'vitest'
import { queueOptions, retryOptions } from '#services/assembly/pipeline.ts'
import { routesOf } from '#services/assembly/queue-parts.ts'
import { hopPolicyOptions, smtpClientOptions, tlsPolicyOptions } from '#services/assembly/remote.ts'
import { formatNextHop } from '#shared/mail/next-hop.ts'
import type { GuestsNow } from '#shared/queue/source-slots.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { flatten, settingParts } from '#shared/settings/table.ts'
import { inlineMaps } from '#test/support/inline-maps.ts'

type Told = { readonly [option: string]: unknown }

const rows: readonly (readonly [setting: string, value: string, told: Told])[] = [
  ['hostname', 'other.test', { 'queue.hostname': 'other.test', 'client.heloName': 'other.test' }],
  ['relayhost', '[r.test]:26', { 'queue.slot': '[r.test]:26', 'remote.relayhost': '[r.test]:26' }],
  ['transportMaps', 'inline:{ remote.test=[t.test] }', { 'queue.slot': '[t.test]' }],
  ['defaultTransport', 'ses', { 'queue.slot': 'ses:' }],
  [
    'senderDependentRelayhostMaps',
    'inline:{ ann@example.test=[s.test] }',
    { 'queue.slot': '[s.test]' },
  ],
  ['minimalBackoffTime', '1001ms', { 'retry.minimalBackoffMs': 1_001, 'tls.clearAfterMs': 1_001 }],
  ['maximalBackoffTime', '7200002ms', { 'retry.maximalBackoffMs': 7_200_002 }],
  ['bounceQueueLifetime', '1010ms', { 'retry.bounceQueueLifetimeMs': 1_010 }],
  ['maximalQueueLifetime', '1003ms', { 'retry.maximalQueueLifetimeMs': 1_003 }],
  ['smtpTlsSecurityLevel', 'secure', { 'tls.level': 'secure' }],
  [
    'smtpTlsPolicyMaps',
    'static:none',
    { 'tls.policyMaps.0.kind': 'static', 'tls.policyMaps.0.result': 'none' },
  ],
  ['smtpTlsProtocols', '>=TLSv1.1', { 'tls.protocols.min': 'TLSv1.1' }],
  ['smtpTlsMandatoryProtocols', '>=TLSv1.3', { 'tls.mandatoryProtocols.min': 'TLSv1.3' }],
  ['smtpTlsCiphers', 'high', { 'tls.ciphers': 'high' }],
  ['smtpTlsMandatoryCiphers', 'high', { 'tls.mandatoryCiphers': 'high' }],
  ['smtpTlsFingerprintCertMatch', 'ab'.repeat(32), { 'tls.fingerprints.0': 'ab'.repeat(32) }],
  ['smtpLineLengthLimit', '1009', { 'remote.lineLengthLimit': 1_009 }],
  ['disableMimeOutputConversion', 'yes', { 'remote.disableMimeOutputConversion': true }],
  ['smtpConnectTimeout', '1004ms', { 'remote.timeouts.connectMs': 1_004 }],
  ['smtpHeloTimeout', '1005ms', { 'remote.timeouts.heloMs': 1_005 }],
  ['smtpStarttlsTimeout', '1006ms', { 'remote.timeouts.starttlsMs': 1_006 }],
  ['smtpMailTimeout', '1011ms', { 'remote.timeouts.mailMs': 1_011 }],
  ['smtpRcptTimeout', '1012ms', { 'remote.timeouts.rcptMs': 1_012 }],
  ['smtpDataInitTimeout', '1013ms', { 'remote.timeouts.dataInitMs': 1_013 }],
  ['smtpDataXferTimeout', '1014ms', { 'remote.timeouts.dataXferMs': 1_014 }],
  ['smtpDataDoneTimeout', '1015ms', { 'remote.timeouts.dataDoneMs': 1_015 }],
  ['smtpRsetTimeout', '1016ms', { 'remote.timeouts.rsetMs': 1_016 }],
  ['smtpQuitTimeout', '1017ms', { 'remote.timeouts.quitMs': 1_017 }],
  ['smtpHeloName', 'out.test', { 'client.heloName': 'out.test' }],
  ['smtpBindAddress', '192.0.2.9', { 'client.bindAddresses.v4': '192.0.2.9' }],
  ['smtpBindAddress6', '2001:db8::9', { 'client.bindAddresses.v6': '2001:db8::9' }],
  ['inetProtocols', 'ipv6', { 'client.choice.inetProtocols': 'ipv6' }],
  ['smtpAddressPreference', 'any', { 'client.choice.addressPreference': 'any' }],
  ['smtpMxAddressLimit', '7', { 'client.choice.mxAddressLimit': 7 }],
  ['smtpMxSessionLimit', '3', { 'client.choice.mxSessionLimit': 3 }],
  ['ignoreMxLookupError', 'yes', { 'client.choice.ignoreMxLookupError': true }],
  [
    'smtpFallbackRelay',
    '[f.test]',
    {
      'client.fallbackRelays.0.host': 'f.test',
      'client.fallbackRelays.0.port': 25,
      'client.fallbackRelays.0.lookUpMx': false,
    },
  ],
  ['smtpDiscardEhloKeywords', 'dsn, Chunking', { 'client.ignored': 'DSN CHUNKING' }],
  ['smtpConnectionCacheOnDemand', 'no', { 'client.sessions.onDemand': false }],
  ['smtpConnectionReuseTimeLimit', '1018ms', { 'client.sessions.lifeMs': 1_018 }],
  ['defaultDestinationRecipientLimit', '107', { 'queue.destinationRecipientLimit': 107 }],
  ['virtualAliasExpansionLimit', '1008', { 'queue.virtualAliasExpansionLimit': 1_008 }],
]

/** Reach something else, which tests of its own see. */
const elsewhere = [
  'queueMinfree',
  'delayWarningTime',
  'relayhostUser',
  'relayhostPasswordFile',
  'smtpTlsCAfile',
  'smtpTlsCertFile',
  'smtpTlsKeyFile',
  'smtpMtaSts',
  'dnssecServers',
  'tlsReports',
  'privateDestinationNetworks',
  'virtualAliasRecursionLimit',
  'traceRetention',
]

async function told(...overrides: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
  const loaded = loadSettings({ environment: {}, overrides: ['hostname=mx.test', ...overrides] })
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
  const { settings } = loaded
  const secrets = { relayhostAuth: null, tlsCa: undefined }
  const { securityOf: _, ...policies } = hopPolicyOptions(settings, secrets, async () => {
    throw new Error('nobody is spoken to')
  })
  const guestsNow: GuestsNow = async (recipients) => recipients
  const routes = { ...routesOf(settings, inlineMaps), guestsNow }
  const { slotOf, guestsNow: __, ...queue } = queueOptions({ settings, routes })
  const { ignoredExtensions, ...client } = smtpClientOptions(settings)
  const all = {
    queue: {
      ...queue,
      slot: await slotOf({ address: 'x@remote.test', sender: 'ann@example.test' }),
    },
    retry: retryOptions(settings),
    tls: tlsPolicyOptions(settings, secrets),
    client: { ...client, ignored: [...ignoredExtensions].join(' ') },
    remote: {
      ...policies,
      relayhost: policies.relayhost && formatNextHop(policies.relayhost),
    },
  }
  return new Map(leaves(all, ''))
}

function leaves(group: object, prefix: string): [string, unknown][] {
  return Object.entries(group).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null
      ? leaves(value, `${prefix}${name}.`)
      : [[`${prefix}${name}`, value]],
  )
}

describe('a setting reaches what is behind the queue:', () => {
  it.each(rows)('%s', async (path, value, changes) => {
    const before = await told()
    const after = [...(await told(`${path}=${value}`))].filter(
      ([name, now]) => before.get(name) !== now,
    )
    expect(Object.fromEntries(after)).toEqual(changes)
  })

  it('all of that part are known', () => {
    const known = [...rows.map(([path]) => path), ...elsewhere]
    const part = (['Queue and delivery', 'SMTP client', 'TLS to other mail servers'] as const)
      .flatMap((name) => flatten(settingParts[name]))
      .map(([path]) => path)
    expect(part.filter((path) => !known.includes(path))).toEqual([])
  })
})
