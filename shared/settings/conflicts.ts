// Values that are allowed one by one but not together.

import { findPatternFaults } from './patterns/pattern-setting.ts'
import type { Problem } from './problems.ts'
import { findMissingKeys } from './restrictions/keyed-zones.ts'
import { findListFaults } from './restrictions/list-faults.ts'
import type { Settings } from './table.ts'

/** RFC 8314 §3.3 */
const SUBMISSIONS_PORT = 465

export function findConflicts(settings: Settings): Problem[] {
  return [
    ...orderedTimes(settings),
    ...halfPairs(settings),
    ...sharedPorts(settings),
    ...badBanner(settings),
    ...findPatternFaults(settings),
    ...filtersApart(settings),
    ...findListFaults(settings),
    ...findMissingKeys(settings),
    ...unprovenLevels(settings),
  ]
}

function conflict(keys: readonly string[], reason: string): Problem {
  return { kind: 'conflict', keys, reason }
}

function orderedTimes(settings: Settings): Problem[] {
  const pairs = [
    ['minimalBackoffTime', 'maximalBackoffTime'],
    ['authMinimalBackoffTime', 'authMaximalBackoffTime'],
  ] as const
  return pairs
    .filter(([less, more]) => settings[less] > settings[more])
    .map((pair) => conflict(pair, 'the first must not be longer than the second'))
}

function halfPairs(settings: Settings): Problem[] {
  const { tls, relayhost, relayhostUser, relayhostPasswordFile, smtpTlsSecurityLevel } = settings
  const { smtpTlsCertFile, smtpTlsKeyFile } = settings
  const problems: Problem[] = []
  if ((tls.certificateFile === '') !== (tls.keyFile === ''))
    problems.push(conflict(['tls.certificateFile', 'tls.keyFile'], 'both or neither'))
  if ((relayhostUser === '') !== (relayhostPasswordFile === ''))
    problems.push(conflict(['relayhostUser', 'relayhostPasswordFile'], 'both or neither'))
  if ((smtpTlsCertFile === '') !== (smtpTlsKeyFile === ''))
    problems.push(conflict(['smtpTlsCertFile', 'smtpTlsKeyFile'], 'both or neither'))
  if (relayhostUser !== '' && relayhost === null)
    problems.push(conflict(['relayhost', 'relayhostUser'], 'a login needs a relay host'))
  if (relayhostUser !== '' && (smtpTlsSecurityLevel === 'none' || smtpTlsSecurityLevel === 'may'))
    problems.push(
      conflict(['relayhostUser', 'smtpTlsSecurityLevel'], 'a login is sent over TLS only'),
    )
  if (relayhost?.port === SUBMISSIONS_PORT && smtpTlsSecurityLevel === 'none')
    problems.push(
      conflict(['relayhost', 'smtpTlsSecurityLevel'], `port ${SUBMISSIONS_PORT} begins with TLS`),
    )
  return problems
}

/** Levels that nobody could meet. */
function unprovenLevels(settings: Settings): Problem[] {
  const { smtpTlsSecurityLevel, smtpTlsFingerprintCertMatch, dnssecServers } = settings
  const problems: Problem[] = []
  if (smtpTlsSecurityLevel === 'fingerprint' && smtpTlsFingerprintCertMatch.length === 0) {
    const keys = ['smtpTlsSecurityLevel', 'smtpTlsFingerprintCertMatch']
    problems.push(conflict(keys, 'the level needs fingerprints'))
  }
  if (smtpTlsSecurityLevel.startsWith('dane') && dnssecServers.length === 0) {
    const keys = ['smtpTlsSecurityLevel', 'dnssecServers']
    problems.push(conflict(keys, 'DANE needs name servers that validate DNSSEC'))
  }
  return problems
}

/** Port 0 is another port for each listener. */
function sharedPorts({ listeners }: Settings): Problem[] {
  const taken = new Map<string, string>()
  const problems: Problem[] = []
  for (const [name, { enabled, address, port }] of Object.entries(listeners)) {
    if (!enabled || port === 0) continue
    const key = `listeners.${name}.port`
    const places = address.map((one) => `${one} ${port}`)
    const other = places.map((place) => taken.get(place)).find((found) => found !== undefined)
    if (other !== undefined) problems.push(conflict([other, key], `both are ${port}`))
    for (const place of places) taken.set(place, key)
  }
  return problems
}

/** RFC 5321 §4.2: the greeting begins with the name of the host. */
function badBanner({ hostname, smtpdBanner }: Settings): Problem[] {
  return smtpdBanner === hostname || smtpdBanner.startsWith(`${hostname} `)
    ? []
    : [conflict(['hostname', 'smtpdBanner'], `the banner must begin with ${hostname} ($hostname)`)]
}

function filtersApart({ contentFilters, webhook, contentFilter, listeners }: Settings): Problem[] {
  const problems: Problem[] = []
  if (contentFilters.includes('webhook') && webhook.url === null)
    problems.push(conflict(['contentFilters', 'webhook.url'], 'the webhook has no URL'))
  const { enabled, address, port } = listeners.reinjection
  const isItself = contentFilter?.port === port && address.includes(contentFilter.host)
  if (contentFilter !== null && enabled && isItself)
    problems.push(
      conflict(['contentFilter', 'listeners.reinjection.port'], 'the filter is this server itself'),
    )
  return problems
}
