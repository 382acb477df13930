// What the deployment file may say one by one but not together.

import type { Domain } from '#shared/mail/domain.ts'
import type { Problem } from '#shared/settings/problems.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Configuration } from './configuration-table.ts'
import { unreachableFilters } from './content-filters.ts'
import { LISTENERS_PER_SERVICE_MAX, servedListeners } from './listeners.ts'

export function deploymentConflicts(configuration: Configuration): Problem[] {
  return [
    ...missing(configuration),
    ...zone(configuration),
    ...tooManyListeners(configuration),
    ...relay(configuration),
    ...probe(configuration),
    ...api(configuration),
  ]
}

/** Of the deployment with what its table of mail settings says. */
export function mailConflicts(configuration: Configuration, mail: Settings): Problem[] {
  const { relayhost, relaySecretArn } = configuration
  const level = mail.smtpTlsSecurityLevel
  if (relaySecretArn !== '' && (level === 'none' || level === 'may')) {
    const keys = ['relaySecretArn', 'mail.smtpTlsSecurityLevel']
    return [conflict(keys, 'a login is sent over TLS only')]
  }
  if (relayhost?.port === SUBMISSIONS_PORT && level === 'none') {
    const keys = ['relayhost', 'mail.smtpTlsSecurityLevel']
    return [conflict(keys, `port ${SUBMISSIONS_PORT} begins with TLS`)]
  }
  return [
    ...unreachableFilters(mail),
    ...webhookSecret(configuration, mail),
    ...oidcSecret(configuration, mail),
  ]
}

function oidcSecret({ oidcClientSecretArn }: Configuration, mail: Settings): Problem[] {
  if (oidcClientSecretArn === '' || mail.oidcIssuer !== '') return []
  return [conflict(['oidcClientSecretArn', 'mail.oidcIssuer'], 'no issuer is named who gave it')]
}

function webhookSecret({ webhookSecretArn }: Configuration, mail: Settings): Problem[] {
  if (webhookSecretArn === '' || mail.contentFilters.includes('webhook')) return []
  const keys = ['webhookSecretArn', 'mail.contentFilters']
  return [conflict(keys, 'there is no webhook whose requests it could sign')]
}

/** RFC 8314 §3.3 */
const SUBMISSIONS_PORT = 465

function conflict(keys: readonly string[], reason: string): Problem {
  return { kind: 'conflict', keys, reason }
}

function missing({ hostname }: Configuration): Problem[] {
  return hostname === '' ? [conflict(['hostname'], 'has no default and must be set')] : []
}

function zone(configuration: Configuration): Problem[] {
  const { hostname, hostedZoneId, hostedZoneName, certificate } = configuration
  if ((hostedZoneId === '') !== (hostedZoneName === '')) {
    return [conflict(['hostedZoneId', 'hostedZoneName'], 'both or neither')]
  }
  if (hostedZoneId === '') {
    if (certificate === 'operator') return []
    return [
      conflict(
        ['certificate', 'hostedZoneId'],
        `${certificate} proves the host name in a hosted zone`,
      ),
    ]
  }
  if (hostname === '' || `.${hostname}`.endsWith(`.${hostedZoneName}`)) return []
  return [conflict(['hostname', 'hostedZoneName'], `${hostname} is not in ${hostedZoneName}`)]
}

function tooManyListeners({ topology, listeners }: Configuration): Problem[] {
  const count = listeners?.length ?? 0
  if (topology === 'separate' || count <= LISTENERS_PER_SERVICE_MAX) return []
  const reason =
    `ECS attaches at most ${LISTENERS_PER_SERVICE_MAX} listeners to one service, not ${count}; ` +
    'topology = "separate" serves all of them'
  return [conflict(['listeners', 'topology'], reason)]
}

function relay(configuration: Configuration): Problem[] {
  const { egress, relayhost, relaySecretArn, senderName } = configuration
  if (egress !== 'direct' && senderName !== '') {
    return [conflict(['egress', 'senderName'], 'only what sends directly has a name of its own')]
  }
  if (egress !== 'relayhost') {
    const named =
      relayhost !== null ? ['relayhost'] : relaySecretArn !== '' ? ['relaySecretArn'] : []
    return named.map((key) =>
      conflict(
        ['egress', key],
        egress === 'direct'
          ? 'mail leaves directly; there is no relay host'
          : 'mail leaves by SES; there is no relay host',
      ),
    )
  }
  if (relayhost === null) {
    return [conflict(['egress', 'relayhost'], 'mail leaves by a relay host, which must be named')]
  }
  // AWS lets nobody connect to port 25 from a function outside a VPC.
  if (relayhost.port === 25) {
    return [conflict(['relayhost'], 'port 25 is closed on AWS; name another, such as [host]:587')]
  }
  if (relayhost.lookUpMx && relaySecretArn !== '') {
    return [conflict(['relayhost', 'relaySecretArn'], 'a login goes to a host in brackets only')]
  }
  return []
}

function probe(configuration: Configuration): Problem[] {
  if (configuration.probeSecretArn === '') return []
  const served = servedListeners(configuration)
  if (served.includes('submissions') && served.includes('imaps')) return []
  const reason = 'a round trip needs submissions and imaps among the listeners'
  return [conflict(['probeSecretArn', 'listeners'], reason)]
}

/** Of ACM, in one certificate without a request for more. */
const NAMES_PER_CERTIFICATE_MAX = 10

function api(configuration: Configuration): Problem[] {
  const { apiDomain, apiNames, apiCertificateArn, hostname, hostedZoneName } = configuration
  const given = [
    ...(apiDomain === '' ? [] : ['apiDomain']),
    ...(apiNames.length === 0 ? [] : ['apiNames']),
    ...(apiCertificateArn === '' ? [] : ['apiCertificateArn']),
  ]
  if (given.length === 0) return []
  if (configuration.api === 'off') return [conflict(['api', ...given], 'nothing is served there')]
  if (apiDomain === '') return [conflict(['apiDomain', ...given], 'the console has no name')]
  if (apiDomain === hostname) {
    return [conflict(['apiDomain', 'hostname'], 'that name is the address of the load balancer')]
  }
  const names = [apiDomain, ...apiNames]
  if (new Set(names).size < names.length || apiNames.includes(hostname as Domain)) {
    return [conflict(['apiNames'], 'a name is there twice')]
  }
  if (names.length > NAMES_PER_CERTIFICATE_MAX) {
    return [conflict(['apiNames'], `a certificate has ${NAMES_PER_CERTIFICATE_MAX} names at most`)]
  }
  const isElsewhere = (name: string) =>
    hostedZoneName === '' || !`.${name}`.endsWith(`.${hostedZoneName}`)
  const elsewhere = names.filter(isElsewhere)
  if (apiCertificateArn !== '' || elsewhere.length === 0) return []
  const reason = `${elsewhere.join(', ')}: not in the hosted zone, where its certificate is proven`
  return [conflict(['apiCertificateArn', 'hostedZoneName'], reason)]
}
