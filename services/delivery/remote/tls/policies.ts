// Which protection a host is asked for. In this order: `TLS-Required: No` of a message asks for none; an entry of smtpTlsPolicyMaps; the
// level of the settings, and what the domain publishes where that is dane or less: usable TLSA records count alone, whether they hold or
// not, then MTA-STS. A login, and REQUIRETLS (RFC 8689), ask for more than any of them.

import { isIP } from 'node:net'
import type { Undelivered } from '#shared/contracts/delivery.ts'
import {
  nobodyTold,
  type ReportedPolicy,
  type TlsReportSink,
} from '#shared/contracts/tls-report.ts'
import { domainKeys } from '#shared/directory/access-questions.ts'
import { lookUpMaps, type Maps } from '#shared/directory/maps.ts'
import { formatNextHop, type NextHop } from '#shared/mail/next-hop.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { TableRef } from '#shared/settings/restrictions/table-ref.ts'
import type { Settings } from '#shared/settings/table.ts'
import { defer, fail } from '../outcome.ts'
import type { Dane, DaneFinding } from './dane.ts'
import type { HostQuestion, HostSecurity, Proof, SecurityOf, TlsTerms } from './host-security.ts'
import { cipherList, matchedNames, type PolicyEntry, parsePolicyEntry } from './levels.ts'
import type { Sts, StsPolicy } from './sts.ts'
import { namesHost } from './sts-policy.ts'
import { formatRecord } from './tlsa.ts'

export type TlsPolicyOptions = {
  readonly level: Settings['smtpTlsSecurityLevel']
  readonly policyMaps: readonly TableRef[]
  readonly protocols: TlsTerms['protocols']
  readonly mandatoryProtocols: TlsTerms['protocols']
  readonly ciphers: Settings['smtpTlsCiphers']
  readonly mandatoryCiphers: Settings['smtpTlsMandatoryCiphers']
  readonly fingerprints: readonly string[]
  readonly ca: string | undefined
  readonly clientCertificate: TlsTerms['clientCertificate']
  /** From this age on a message goes in clear where TLS breaks that need not be. */
  readonly clearAfterMs: number
}

export type TlsPolicyDeps = {
  readonly options: TlsPolicyOptions
  readonly maps: Maps
  /** Null where no name server is believed. */
  readonly dane: Dane | null
  /** Null where MTA-STS is not obeyed. */
  readonly sts: Sts | null
  readonly reports?: TlsReportSink
}

/** Postfix's smtp_tls_verify_cert_match and smtp_tls_secure_cert_match. */
const usualMatch = { verify: ['hostname'], secure: ['nexthop', 'dot-nexthop'] } as const

export function createSecurityOf(deps: TlsPolicyDeps): SecurityOf {
  const { options, dane, sts, reports = nobodyTold } = deps

  return async (to) => {
    try {
      return await decide(to)
    } catch (error) {
      if (!(error instanceof TemporaryFailure)) throw error
      return defer('4.3.0', `TLS policy of ${formatNextHop(to.hop)}: ${error.message}`)
    }
  }

  async function decide(to: HostQuestion): Promise<HostSecurity | Undelivered> {
    if (to.requireTls) return await requireTls(to)
    // RFC 8689 §5: what the recipient's domain asks for is passed over, and a login is not.
    if (to.tlsRequiredNo && !to.logsIn) {
      const { level } = options
      return level === 'none' ? clear : opportunistic(to, 'TLS-Required: No', { told: false })
    }
    const entry = await entryOf(to.hop)
    if (typeof entry === 'string') return defer('4.7.5', entry)
    if (entry !== undefined) return await byLevel(to, entry.policy, entry.source)
    const level = usualLevel(to)
    const source = `smtpTlsSecurityLevel ${level}`
    return await byLevel(to, { ...noEntry, level }, source, isPublic(to))
  }

  function usualLevel({ logsIn }: HostQuestion): PolicyEntry['level'] {
    if (options.level !== 'auto') return options.level
    if (logsIn) return 'verify'
    return dane === null ? 'may' : 'dane'
  }

  /** Of a next hop as it is routed, else of its domain and those above it; a text: why it cannot be used. */
  async function entryOf(hop: NextHop) {
    const routed = formatNextHop(hop)
    const [own = hop.host, ...above] = domainKeys(hop.host)
    const keys = [...new Set([routed, own, ...above.filter((key) => key.startsWith('.'))])]
    const hit = await lookUpMaps(deps.maps, options.policyMaps, keys)
    if (hit === undefined) return undefined
    const policy = parsePolicyEntry(hit.result)
    const source = `smtpTlsPolicyMaps for ${hit.key || routed}`
    return typeof policy === 'string'
      ? `${source}: ${policy}`
      : { policy, source: `${source}: ${policy.level}` }
  }

  async function byLevel(
    to: HostQuestion,
    entry: PolicyEntry,
    source: string,
    obeysDomain = false,
  ): Promise<HostSecurity | Undelivered> {
    const about = { entry, told: obeysDomain }
    switch (entry.level) {
      case 'none':
      case 'may': {
        // Whatever else is said, a password goes to nobody but the host that was named.
        if (to.logsIn) return required(to, { kind: 'names', names: [to.host] }, source, about)
        const usual = entry.level === 'none' ? clear : opportunistic(to, source, about)
        return entry.level === 'may' && obeysDomain ? await bySts(to, usual) : usual
      }
      case 'encrypt': {
        const usual = required(to, { kind: 'nothing' }, source, about)
        return obeysDomain ? await bySts(to, usual) : usual
      }
      case 'verify':
      case 'secure': {
        const match = entry.match ?? usualMatch[entry.level]
        const names = matchedNames(match, { host: to.host, nextHop: to.hop.host })
        return required(to, { kind: 'names', names }, source, about)
      }
      case 'fingerprint': {
        const fingerprints = entry.match ?? options.fingerprints
        return required(to, { kind: 'fingerprints', fingerprints }, source, about)
      }
      case 'dane':
      case 'dane-only':
        return await byDane(to, entry, source, obeysDomain)
    }
  }

  async function byDane(
    to: HostQuestion,
    entry: PolicyEntry,
    source: string,
    obeysDomain: boolean,
  ): Promise<HostSecurity | Undelivered> {
    const isOnly = entry.level === 'dane-only'
    const found = await findRecords(to)
    if (found.kind === 'failure') {
      noteUnspoken(to, 'dnssec-invalid', { type: 'tlsa', domain: to.host }, found.why)
      return defer('4.7.5', `host ${to.host}: ${found.why} (${source})`)
    }
    if (found.kind === 'usable' && (found.isMxSecure || !isOnly)) {
      return byRecords(to, found, entry, source)
    }
    if (isOnly) {
      return defer('4.7.5', `host ${to.host} has no usable TLSA records (${source})`)
    }
    // RFC 7672 §2.1.3: whoever publishes some has TLS.
    const level = found.kind === 'unusable' ? 'encrypt' : 'may'
    return await byLevel(to, { ...entry, level }, source, obeysDomain)
  }

  async function findRecords({ hop, host }: HostQuestion): Promise<DaneFinding> {
    return dane === null || isIP(host) !== 0
      ? { kind: 'none', isMxSecure: false }
      : await dane.findFor(hop, host)
  }

  function byRecords(
    to: HostQuestion,
    { base, records, names, isMxSecure }: Extract<DaneFinding, { readonly kind: 'usable' }>,
    entry: PolicyEntry,
    source: string,
  ): HostSecurity {
    const reported: ReportedPolicy = {
      type: 'tlsa',
      domain: base,
      strings: records.map(formatRecord),
      mxHosts: [],
    }
    const proof: Proof = { kind: 'dane', records, names, isVerified: isMxSecure }
    return required(to, proof, `${source}, TLSA records of ${base}`, {
      entry: { ...entry, servername: base },
      told: true,
      reported: [reported],
    })
  }

  /** RFC 8461 §5: `usual` where the domain has no policy. */
  async function bySts(to: HostQuestion, usual: HostSecurity): Promise<HostSecurity | Undelivered> {
    const domain = to.hop.host
    const policy = await sts?.policyOf(domain)
    if (policy === undefined || usual.kind === 'clear') return usual
    const source = `MTA-STS policy of ${domain}`
    const reported = [stsReport(domain, policy)]
    const proof: Proof = { kind: 'names', names: [to.host] }
    if (!namesHost(policy.mx, to.host)) {
      const why = `host ${to.host} is not named by the ${source}`
      noteUnspoken(to, 'validation-failure', stsReport(domain, policy), why)
      // RFC 8461 §5.1
      if (policy.mode === 'enforce') return defer('4.7.5', why)
      return { ...usual, terms: { ...usual.terms, reported: [] } }
    }
    if (policy.mode === 'testing') {
      return { ...usual, terms: { ...usual.terms, reported, tested: proof } }
    }
    return required(to, proof, source, { entry: noEntry, told: true, reported })
  }

  /** RFC 8689 §2: the host's name is proven, and so is the host. */
  async function requireTls(to: HostQuestion): Promise<HostSecurity | Undelivered> {
    const found = await findRecords(to)
    const source = 'REQUIRETLS'
    if (found.kind === 'failure') return defer('4.7.5', `host ${to.host}: ${found.why} (${source})`)
    const isNamed = !to.hop.lookUpMx || to.host === to.hop.host || found.isMxSecure
    const policy = isNamed ? undefined : await sts?.policyOf(to.hop.host)
    if (!isNamed && (policy === undefined || !namesHost(policy.mx, to.host))) {
      const why = `the name of host ${to.host} is neither signed (DNSSEC) nor of an MTA-STS policy`
      return fail('5.7.10', `${why} (${source})`)
    }
    return found.kind === 'usable'
      ? byRecords(to, found, noEntry, source)
      : required(to, { kind: 'names', names: [to.host] }, source, { entry: noEntry, told: true })
  }

  function opportunistic(
    to: HostQuestion,
    policy: string,
    about: { readonly entry?: PolicyEntry; readonly told: boolean },
  ): Extract<HostSecurity, { readonly kind: 'opportunistic' }> {
    const { entry = noEntry } = about
    return {
      kind: 'opportunistic',
      mayBeClear: !to.logsIn && to.ageMs >= options.clearAfterMs,
      terms: {
        ...termsOf(to, policy, about),
        protocols: entry.protocols ?? options.protocols,
        ciphers: cipherList(entry.ciphers ?? options.ciphers, false),
      },
    }
  }

  function required(
    to: HostQuestion,
    proof: Proof,
    policy: string,
    about: About,
  ): Extract<HostSecurity, { readonly kind: 'required' }> {
    const { entry = noEntry } = about
    return {
      kind: 'required',
      proof,
      terms: {
        ...termsOf(to, policy, about),
        protocols: entry.protocols ?? options.mandatoryProtocols,
        ciphers: cipherList(entry.ciphers ?? options.mandatoryCiphers, proof.kind !== 'nothing'),
      },
    }
  }

  function termsOf(to: HostQuestion, policy: string, { entry = noEntry, ...about }: About) {
    return {
      servername: servernameOf(entry.servername, to),
      ca: options.ca,
      clientCertificate: options.clientCertificate,
      policy,
      requireTls: to.requireTls,
      reported: about.reported ?? (about.told && isPublic(to) ? [noPolicy(to.hop.host)] : []),
      tested: undefined,
    }
  }

  function noteUnspoken(
    { host }: HostQuestion,
    result: Parameters<TlsReportSink['note']>[0]['result'],
    about: Pick<ReportedPolicy, 'type' | 'domain'> & Partial<ReportedPolicy>,
    reason: string,
  ): void {
    const policy = { strings: [], mxHosts: [], ...about }
    reports.note({ policy, result, host, address: '', localAddress: '', reason })
  }
}

type About = {
  readonly entry?: PolicyEntry
  /** The domain hears of the session, where it asks for reports. */
  readonly told: boolean
  readonly reported?: readonly ReportedPolicy[]
}

const clear: HostSecurity = { kind: 'clear' }

const noEntry: PolicyEntry = {
  level: 'may',
  match: undefined,
  protocols: undefined,
  ciphers: undefined,
  servername: undefined,
}

/** Mail to a domain's own hosts, which it publishes policies for. */
const isPublic = ({ hop, logsIn }: HostQuestion) => hop.lookUpMx && !logsIn

/** RFC 6066 §3: names only. */
function servernameOf(wanted: string | undefined, { host, hop }: HostQuestion): string | undefined {
  const name = wanted === 'nexthop' ? hop.host : wanted === 'hostname' ? host : (wanted ?? host)
  return isIP(name) === 0 ? name : undefined
}

const noPolicy = (domain: string): ReportedPolicy => ({
  type: 'no-policy-found',
  domain,
  strings: [],
  mxHosts: [],
})

const stsReport = (domain: string, { strings, mx }: StsPolicy): ReportedPolicy => ({
  type: 'sts',
  domain,
  strings,
  mxHosts: mx,
})

/** For who speaks to hosts beside us, content filters: TLS where it is offered, whoever it is. */
export const securityOfFilter = (options: TlsPolicyOptions): SecurityOf => {
  const noMaps: Maps = { lookup: async () => undefined }
  const may: TlsPolicyOptions = { ...options, level: 'may', policyMaps: [], clearAfterMs: 0 }
  const securityOf = createSecurityOf({ options: may, maps: noMaps, dane: null, sts: null })
  return (to) => securityOf({ ...to, requireTls: false })
}
