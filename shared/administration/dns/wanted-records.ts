// What the DNS is to say of a domain of ours: where its mail goes, who sends it, what signs it, and what others may ask of that.

import { isIP } from 'node:net'
import { isRecordOf, isRevocation, keyRecordText } from '#shared/directory/signing-key.ts'
import type { SigningKey } from '#shared/directory/signing-keys.ts'
import type { NextHop } from '#shared/mail/next-hop.ts'
import {
  type ClientSetupSettings,
  documentHost,
  documentHosts,
  seenPort,
  setupHost,
  siteHost,
} from '../client-setup/offered.ts'
import {
  userAgentConfiguration,
  userAgentDigestRecord,
} from '../client-setup/user-agent-configuration.ts'
import { type StsPolicySettings, stsHost, stsPolicyId, stsPolicyText } from './sts-policy.ts'

export type WantedRecord = {
  /** Without the dot at its end. */
  readonly name: string
  readonly type: 'MX' | 'TXT' | 'CNAME' | 'SRV' | 'TLSA'
  /** As a zone file has it, names without the dot at their end; of TXT the text itself. */
  readonly value: string
  readonly purpose: 'mail' | 'spf' | 'dkim' | 'dmarc' | 'mta-sts' | 'tls-rpt' | 'clients' | 'dane'
  /** must: mail fails or is refused without it. should: others trust us less. may: who has a use for it. */
  readonly need: 'must' | 'should' | 'may'
  /** Whether a record that is there is this one, or as good. */
  readonly isMet: (published: string) => boolean
  /** Whether a record that is there is another one of its kind. */
  readonly isOfKind: (published: string) => boolean
  readonly hint?: string
}

export type DnsSettings = StsPolicySettings &
  ClientSetupSettings & {
    readonly relayhost: NextHop | null
    readonly dnsReportAddress: string
  }

export type DomainFacts = {
  /** A-labels. */
  readonly domain: string
  readonly keys: readonly SigningKey[]
  /** SHA-256 of the public key of the certificate that SMTP shows (RFC 6698, 3 1 1), hex; undefined where it is not known. */
  readonly certificateKeyHash: string | undefined
}

export function wantedRecords(
  { domain, keys, certificateKeyHash }: DomainFacts,
  settings: DnsSettings,
): readonly WantedRecord[] {
  const { hostname } = settings
  const reports = settings.dnsReportAddress || `postmaster@${domain}`
  const policy = stsPolicyText(settings)
  return [
    {
      name: domain,
      type: 'MX',
      value: `10 ${hostname}`,
      purpose: 'mail',
      need: 'must',
      isMet: (text) => hostIn(text) === hostname,
      isOfKind: () => true,
    },
    spf(domain, settings),
    ...(isBelow(hostname, domain) ? [heloSpf(hostname)] : []),
    ...keys.map((key) => dkim(domain, key)),
    {
      ...text(`_dmarc.${domain}`, `v=DMARC1; p=quarantine; rua=mailto:${reports}`),
      purpose: 'dmarc',
      need: 'must',
      isMet: begins('v=DMARC1'),
      isOfKind: begins('v=DMARC1'),
      hint: 'p=none until SPF and DKIM are seen to pass; whatever policy is there is as good',
    },
    ...(policy === undefined ? [] : sts(domain, hostname, policy)),
    {
      ...text(`_smtp._tls.${domain}`, `v=TLSRPTv1; rua=mailto:${reports}`),
      purpose: 'tls-rpt',
      need: 'may',
      isMet: begins('v=TLSRPTv1'),
      isOfKind: begins('v=TLSRPTv1'),
    },
    ...services(domain, settings),
    ...(settings.clientSetup ? documents(domain, settings) : []),
    ...(certificateKeyHash === undefined ? [] : [tlsa(hostname, certificateKeyHash)]),
  ]
}

const text = (name: string, value: string) => ({ name, type: 'TXT', value }) as const
const begins = (start: string) => (published: string) =>
  published.slice(0, start.length).toLowerCase() === start.toLowerCase()
const isBelow = (host: string, domain: string) => host !== domain && host.endsWith(`.${domain}`)
const hostIn = (record: string) => record.slice(record.lastIndexOf(' ') + 1).toLowerCase()

/** RFC 7208. The hosts that take mail here send it, too, unless another host does. */
function spf(domain: string, { relayhost }: DnsSettings): WantedRecord {
  const host = relayhost?.host ?? ''
  const isSes = /\.amazonaws\.com$/.test(host)
  const isPrivate = isIP(host) !== 0 || !host.includes('.')
  const sender = isSes ? ' include:amazonses.com' : isPrivate ? '' : ` a:${host}`
  return {
    ...text(domain, `v=spf1 mx${sender} ~all`),
    purpose: 'spf',
    need: 'must',
    isMet: (published) =>
      begins('v=spf1')(published) && /(?:^|\s)[-~?]all\b|redirect=/i.test(published),
    isOfKind: begins('v=spf1'),
    hint:
      relayhost === null
        ? 'with every other host that sends in its name; whatever ends in ~all or -all is as good'
        : `mail leaves by ${host}: with whatever it says of its addresses`,
  }
}

/** RFC 7208 §10.1.3: notices have no sender but the name that we greet with. */
const heloSpf = (hostname: string): WantedRecord => ({
  ...text(hostname, 'v=spf1 a -all'),
  purpose: 'spf',
  need: 'should',
  isMet: begins('v=spf1'),
  isOfKind: begins('v=spf1'),
})

function dkim(domain: string, key: SigningKey): WantedRecord {
  const isGone = key.state === 'revoked'
  return {
    ...text(`${key.selector}._domainkey.${domain}`, keyRecordText(key)),
    purpose: 'dkim',
    need: isGone ? 'may' : key.algorithm === 'rsa' ? 'must' : 'should',
    isMet: (published) => (isGone ? isRevocation(published) : isRecordOf(published, key)),
    isOfKind: () => true,
  }
}

const sts = (domain: string, hostname: string, policy: string): readonly WantedRecord[] => {
  const record = `v=STSv1; id=${stsPolicyId(policy)}`
  return [
    {
      ...text(`_mta-sts.${domain}`, record),
      purpose: 'mta-sts',
      need: 'should',
      isMet: (published) =>
        published.replace(/[\s;]+/g, ' ').trim() === record.replace(/[\s;]+/g, ' '),
      isOfKind: begins('v=STSv1'),
    },
    {
      name: stsHost(domain),
      type: 'CNAME',
      value: hostname,
      purpose: 'mta-sts',
      need: 'should',
      isMet: () => true,
      isOfKind: () => true,
      hint: 'or addresses, where another host or a proxy serves the policy',
    },
  ]
}

// RFC 6186 §3.1, RFC 8314 §5.1: those with TLS from the first byte come first. RFC 5804 §1.8: ManageSieve is called sieve.
const clientServices = [
  ['submissions', 'submissions', 0],
  ['submission', 'submission', 10],
  ['imaps', 'imaps', 0],
  ['imap', 'imap', 10],
  ['pop3s', 'pop3s', 20],
  ['pop3', 'pop3', 30],
  ['managesieve', 'sieve', 0],
] as const

function services(domain: string, settings: DnsSettings): readonly WantedRecord[] {
  return clientServices.map(([service, called, priority]): WantedRecord => {
    const { enabled } = settings.listeners[service]
    const target = `${seenPort(service, settings)} ${setupHost(settings)}`
    return {
      name: `_${called}._tcp.${domain}`,
      type: 'SRV',
      // RFC 6186 §3.4: not served.
      value: enabled ? `${priority} 1 ${target}` : '0 0 0 .',
      purpose: 'clients',
      need: 'may',
      isMet: (published) =>
        enabled ? published.toLowerCase().endsWith(` ${target}`) : / \.?$/.test(published),
      isOfKind: () => true,
    }
  })
}

const documentNeeds = {
  autoconfig: 'should',
  autodiscover: 'may',
  'ua-auto-config': 'may',
} as const satisfies { readonly [name in (typeof documentHosts)[number]]: WantedRecord['need'] }

/** Where programs ask how to set themselves up. */
function documents(domain: string, settings: DnsSettings): readonly WantedRecord[] {
  const host = siteHost(settings)
  const target = `${seenPort('https', settings)} ${host}`
  const digest = userAgentDigestRecord(userAgentConfiguration(domain, settings))
  return [
    ...documentHosts.map(
      (which): WantedRecord => ({
        name: documentHost(which, domain),
        type: 'CNAME',
        value: host,
        purpose: 'clients',
        need: documentNeeds[which],
        isMet: () => true,
        isOfKind: () => true,
        hint: 'the certificate of HTTPS needs this name too',
      }),
    ),
    {
      name: `_autodiscover._tcp.${domain}`,
      type: 'SRV',
      value: `0 1 ${target}`,
      purpose: 'clients',
      need: 'may',
      isMet: (published) => published.toLowerCase().endsWith(` ${target}`),
      isOfKind: () => true,
    },
    {
      ...text(`_ua-auto-config.${domain}`, digest),
      purpose: 'clients',
      need: 'may',
      isMet: (published) => published.trim() === digest,
      isOfKind: begins('v=UAAC1'),
    },
  ]
}

/** RFC 7672 §3.1.1: the key of the host itself. */
const tlsa = (hostname: string, hash: string): WantedRecord => ({
  name: `_25._tcp.${hostname}`,
  type: 'TLSA',
  value: `3 1 1 ${hash}`,
  purpose: 'dane',
  need: 'may',
  isMet: (published) => published.replace(/\s+/g, ' ').toLowerCase() === `3 1 1 ${hash}`,
  isOfKind: () => true,
  hint: 'only in a zone with DNSSEC; to be changed before each new key of the certificate',
})
