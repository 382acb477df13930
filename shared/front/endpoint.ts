// Where a service of an old server listens and how it is protected, as one text: `imaps://old.example.com:993`, `imap://old.example.com`
// (STARTTLS), `imap://10.0.0.5?tls=no`, `imaps://old.example.com?verify=no`.

import { isIP } from 'node:net'
import { parseDomain } from '#shared/mail/domain.ts'

export const sourceServices = ['imap', 'pop3', 'managesieve', 'submission'] as const
export type SourceService = (typeof sourceServices)[number]

export type SourceEndpoint = {
  readonly host: string
  readonly port: number
  /** `starttls`: nothing is said in clear but that. `none`: passwords cross the network as they are. */
  readonly tls: 'implicit' | 'starttls' | 'none'
  /** Whether its certificate must be of this host and of an authority that is trusted. */
  readonly verifies: boolean
}

type Scheme = {
  readonly service: SourceService
  readonly port: number
  readonly isImplicit: boolean
}

const schemes: { readonly [name: string]: Scheme | undefined } = {
  imap: { service: 'imap', port: 143, isImplicit: false },
  imaps: { service: 'imap', port: 993, isImplicit: true },
  pop3: { service: 'pop3', port: 110, isImplicit: false },
  pop3s: { service: 'pop3', port: 995, isImplicit: true },
  sieve: { service: 'managesieve', port: 4190, isImplicit: false },
  submission: { service: 'submission', port: 587, isImplicit: false },
  submissions: { service: 'submission', port: 465, isImplicit: true },
}

/** What an endpoint of each service may look like, for people. */
export const endpointExamples: { readonly [service in SourceService]: string } = {
  imap: 'imaps://old.example.com',
  pop3: 'pop3s://old.example.com',
  managesieve: 'sieve://old.example.com',
  submission: 'submission://old.example.com',
}

/** Of a text. */
export const ENDPOINT_CHARACTERS_MAX = 300

export function parseEndpoint(service: SourceService, text: string): SourceEndpoint | undefined {
  if (text.length > ENDPOINT_CHARACTERS_MAX) return undefined
  const match =
    /^([a-z0-9]+):\/\/(?:\[([0-9a-fA-F:.]+)\]|([^/?#@:[\]]+))(?::(\d{1,5}))?\/?(?:\?(.*))?$/.exec(
      text,
    )
  const [, name = '', ipv6, plain = '', digits, query = ''] = match ?? []
  const scheme = Object.hasOwn(schemes, name) ? schemes[name] : undefined
  const host = ipv6 ?? plain
  const isHost =
    ipv6 === undefined ? isIP(host) === 4 || parseDomain(host) !== undefined : isIP(host) === 6
  if (scheme?.service !== service || !isHost) return undefined
  const port = digits === undefined ? scheme.port : Number(digits)
  if (port < 1 || port > 65_535) return undefined
  const words = query === '' ? [] : query.split('&')
  if (words.some((word) => word !== 'tls=no' && word !== 'verify=no')) return undefined
  const inClear = words.includes('tls=no')
  if (inClear && scheme.isImplicit) return undefined
  return {
    host,
    port,
    tls: inClear ? 'none' : scheme.isImplicit ? 'implicit' : 'starttls',
    verifies: !words.includes('verify=no'),
  }
}
