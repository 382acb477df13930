// The kinds of values that name hosts and networks.

import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { formatNextHop, type NextHop, parseNextHop } from '#shared/mail/next-hop.ts'
import type { SyslogServer } from '#shared/runtime/syslog.ts'
import { parseNetwork } from './networks.ts'
import type { Kind } from './setting.ts'

// RFC 1123 §2.1, RFC 1035 §2.3.4.
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const NAME_BYTES_MAX = 253

function parseHostName(text: string): string | undefined {
  const name = domainToASCII(text)
  const valid = name.length <= NAME_BYTES_MAX && name.split('.').every((label) => LABEL.test(label))
  return valid && isIP(name) === 0 ? name : undefined
}

/** A host's full name, in lower case and in its ASCII form (RFC 5890 A-labels). */
export const hostName: Kind<string> = {
  name: 'host name',
  allowed: 'a full host name such as mail.example.net',
  parse(text) {
    const name = parseHostName(text)
    return name?.includes('.') ? name : undefined
  },
  format: (value) => value,
}

/** What somebody writes who thinks of a switch; a host of that name has a dot behind it. */
const SWITCHES: ReadonlySet<string> = new Set(
  'yes no true false on off none null default'.split(' '),
)

function notASwitch(name: string | undefined): string | undefined {
  return name !== undefined && SWITCHES.has(name) ? undefined : name
}

/** A mail domain in its ASCII form. Empty: none. */
export const domain: Kind<string> = {
  name: 'domain',
  allowed: 'a domain such as example.net, or nothing',
  parse: (text) => (text === '' ? '' : notASwitch(parseHostName(text))),
  format: (value) => value,
}

/** Mail domains in their ASCII form; there may be none. */
export const domainList: Kind<readonly string[]> = {
  name: 'domains',
  allowed: 'domains such as example.net, separated by commas or spaces',
  list: true,
  parse(text) {
    const names = words(text).map(parseHostName)
    return names.length <= LIST_ENTRIES_MAX && names.every((name) => name !== undefined)
      ? names
      : undefined
  },
  format: (value) => value.join(', '),
}

const LISTEN_ADDRESSES_MAX = 100

/** Addresses to listen on, each fit for `listen({ host })`: empty means all of them, both IPv6 and IPv4. */
export const listenAddresses: Kind<readonly string[]> = {
  name: 'addresses',
  allowed:
    '* or all (all addresses), or IPv4 and IPv6 addresses, localhost or loopback-only, separated by commas or spaces',
  list: true,
  parse(text) {
    const addresses = new Set(text.split(/[\s,]+/).map((entry) => listenNames.get(entry) ?? entry))
    if (addresses.has('')) return addresses.size === 1 && text !== '' ? [''] : undefined
    const sound = [...addresses].every((entry) => isIP(entry) || entry === 'localhost')
    return sound && addresses.size <= LISTEN_ADDRESSES_MAX ? [...addresses] : undefined
  },
  format: (value) => value.map((address) => (address === '' ? '*' : address)).join(', '),
}

const listenNames = new Map([
  ['*', ''],
  ['all', ''],
  ['loopback-only', 'localhost'],
])

const NAME_SERVERS_MAX = 8
const NAME_SERVER = /^(?:\[([^\]]{1,45})\]|([^[\]:]{1,15}))(?::(\d{1,5}))?$/

/** As node:dns takes them: `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53`, `[2001:db8::53]:5353`. */
export const nameServers: Kind<readonly string[]> = {
  name: 'name servers',
  allowed:
    'IP addresses of name servers, with or without a port (192.0.2.53:5353, [2001:db8::53]:53), separated by commas or spaces, or nothing',
  list: true,
  parse(text) {
    const servers = words(text)
    return servers.length <= NAME_SERVERS_MAX && servers.every(isNameServer) ? servers : undefined
  },
  format: (value) => value.join(', '),
}

function isNameServer(text: string): boolean {
  if (isIP(text) !== 0) return !text.includes('%')
  const [, bracketed, bare = '', port = '53'] = NAME_SERVER.exec(text) ?? []
  const isAddress = bracketed === undefined ? isIP(bare) === 4 : isIP(bracketed) === 6
  return isAddress && Number(port) >= 1 && Number(port) <= 65_535
}

const LIST_ENTRIES_MAX = 10_000

/** Networks in CIDR notation; `createNetworkMatcher` asks them. */
export const networkList: Kind<readonly string[]> = {
  name: 'networks',
  allowed:
    'IP addresses and networks such as 192.0.2.0/24 or 2001:db8::/32, with no bits set behind the prefix, separated by commas or spaces; a path such as /etc/postwolke/networks stands for those in a file',
  list: true,
  files: true,
  parse(text) {
    // Postfix writes IPv6 addresses in brackets.
    const networks = words(text).map((word) => word.replace(/^\[([\da-fA-F:.]+)\](?=\/|$)/, '$1'))
    return networks.length <= LIST_ENTRIES_MAX && networks.every(parseNetwork)
      ? networks
      : undefined
  },
  format: (value) => value.join(', '),
}

/** As all next hops (shared/mail/next-hop.ts); what an administrator names is besides a name that hosts have. Empty: null. */
export const nextHop: Kind<NextHop | null> = {
  name: 'next hop',
  allowed: '[host], [host]:port, domain or domain:port (brackets: no MX look-up), or nothing',
  parse(text) {
    if (text === '') return null
    const hop = parseNextHop(text)
    if (hop === undefined) return undefined
    const isHost = isIP(hop.host) !== 0 || parseHostName(hop.host) === hop.host
    const isMeant = !hop.lookUpMx || notASwitch(hop.host) !== undefined
    return isHost && isMeant ? hop : undefined
  },
  format: (value) => (value === null ? '' : formatNextHop(value)),
}

/** What is to be done with a domain's mail. */
export type DomainAction = {
  readonly domain: string
  readonly action: 'none' | 'tag' | 'quarantine' | 'reject'
}

/** `example.net=reject example.org=none` */
export const domainActions: Kind<readonly DomainAction[]> = {
  name: 'domain actions',
  allowed:
    'entries domain=action, the action one of none, tag, quarantine, reject, separated by commas or spaces, or nothing',
  list: true,
  parse(text) {
    const entries = words(text).map((word): DomainAction | undefined => {
      const [name = '', given, ...more] = word.split('=')
      const parsed = parseHostName(name)
      const action = knownActions.find((known) => known === given)
      if (parsed === undefined || action === undefined || more.length > 0) return undefined
      return { domain: parsed, action }
    })
    const sound = entries.filter((entry) => entry !== undefined)
    return sound.length === entries.length && sound.length <= LIST_ENTRIES_MAX ? sound : undefined
  },
  format: (value) => value.map(({ domain, action }) => `${domain}=${action}`).join(', '),
}

const knownActions = ['none', 'tag', 'quarantine', 'reject'] as const

const SYSLOG_PORT = 514
const HOST_AND_PORT = /^(?:\[([^\]]+)\]|([^[\]:]+))(?::(\d{1,5}))?$/

/** `localhost`, `loghost.example.net:1514`, `[2001:db8::1]:514`. Empty: null. */
export const syslogServer: Kind<SyslogServer | null> = {
  name: 'syslog server',
  allowed: 'host, host:port or [IPv6 address]:port, or nothing',
  parse(text) {
    if (text === '') return null
    const [, bracketed, bare, portText = String(SYSLOG_PORT)] = HOST_AND_PORT.exec(text) ?? []
    const port = Number(portText)
    if (!(port >= 1 && port <= 65_535)) return undefined
    if (bracketed !== undefined) return isIP(bracketed) ? { host: bracketed, port } : undefined
    const host = isIP(bare ?? '') ? bare : parseHostName(bare ?? '')
    return host === undefined ? undefined : { host, port }
  },
  format(value) {
    if (value === null) return ''
    const host = value.host.includes(':') ? `[${value.host}]` : value.host
    return value.port === SYSLOG_PORT ? host : `${host}:${value.port}`
  },
}

/** A mail address that needs no quotes. Empty: none. */
export const mailAddress: Kind<string> = {
  name: 'address',
  allowed: 'a mail address such as hostmaster@example.net, or nothing',
  parse: (text) => (text === '' || isPlainAddress(text) ? text : undefined),
  format: (value) => value,
}

/** What stands before the @ of addresses, in small letters; there may be none. */
export const localParts: Kind<readonly string[]> = {
  name: 'names',
  allowed: 'names such as abuse, hostmaster (the part before the @), separated by commas or spaces',
  list: true,
  parse(text) {
    const names = words(text).map((name) => name.toLowerCase())
    return names.length <= LIST_ENTRIES_MAX && names.every((name) => PLAIN_LOCAL.test(name))
      ? names
      : undefined
  },
  format: (value) => value.join(', '),
}

/** Domains in their order, `!` before those that are left as they are (Postfix's masquerade_domains). */
export const masqueradeList: Kind<readonly string[]> = {
  name: 'domains',
  allowed: 'domains such as example.net, !mail.example.net, separated by commas or spaces',
  list: true,
  parse(text) {
    const names = words(text).map((word) => {
      const name = parseHostName(word.replace(/^!/, ''))
      return name && (word.startsWith('!') ? `!${name}` : name)
    })
    return names.length <= LIST_ENTRIES_MAX && names.every((name) => name !== undefined)
      ? names
      : undefined
  },
  format: (value) => value.join(', '),
}

/** Logins that may send as an address, as everybody of a domain (`@domain`) or as anybody (`*`); `*` among them is every login. */
export type SenderLogins = { readonly sender: string; readonly logins: readonly string[] }

// What stands unquoted before the @ of an address.
const PLAIN_LOCAL = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.\u{a0}-\u{10ffff}]{1,640}$/u

/** `news@example.net=alice@example.net, bob@example.net @example.org=carol@example.net`: what has no `=` is one login more. */
export const senderLogins: Kind<readonly SenderLogins[]> = {
  name: 'sender logins',
  allowed:
    'entries address=login, @domain=login or *=login (anybody), each with more logins behind it (*: every login), separated by commas or spaces',
  list: true,
  parse(text) {
    const entries: { sender: string; logins: string[] }[] = []
    for (const word of words(text)) {
      // A domain has no `=` in it, which a local part may.
      const equals = word.indexOf('=', word.startsWith('*=') ? 0 : word.indexOf('@'))
      const isEntry = equals > 0 && (word.startsWith('*=') || word.includes('@'))
      if (isEntry) entries.push({ sender: word.slice(0, equals), logins: [] })
      entries.at(-1)?.logins.push(isEntry ? word.slice(equals + 1) : word)
      if (entries.length === 0) return undefined
    }
    const sound = entries.every(
      ({ sender, logins }) =>
        (sender === '*' || sender.startsWith('@')
          ? isSenderDomain(sender)
          : isPlainAddress(sender)) &&
        logins.every((login) => login === '*' || isPlainAddress(login)),
    )
    return entries.length <= LIST_ENTRIES_MAX && sound ? entries : undefined
  },
  format: (value) => value.map(({ sender, logins }) => `${sender}=${logins.join(', ')}`).join(' '),
}

function isSenderDomain(sender: string): boolean {
  return sender === '*' || parseHostName(sender.slice(1)) !== undefined
}

function isPlainAddress(text: string): boolean {
  const at = text.lastIndexOf('@')
  return (
    PLAIN_LOCAL.test(text.slice(0, Math.max(0, at))) &&
    parseHostName(text.slice(at + 1)) !== undefined
  )
}

function words(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}

const NEXT_HOPS_MAX = 10

/** Several, in the order in which they are tried; there may be none. */
export const nextHops: Kind<readonly NextHop[]> = {
  name: 'next hops',
  allowed: `up to ${NEXT_HOPS_MAX} of [host], [host]:port, domain or domain:port (brackets: no MX look-up), separated by commas or spaces, or nothing`,
  list: true,
  parse(text) {
    const hops = words(text).flatMap((word) => nextHop.parse(word) ?? [])
    return hops.length === words(text).length && hops.length <= NEXT_HOPS_MAX ? hops : undefined
  },
  format: (value) => value.map(formatNextHop).join(', '),
}

/** An address of this machine of that family. Empty: none in particular. */
export const ownAddress = (family: 4 | 6): Kind<string> => ({
  name: `IPv${family} address`,
  allowed: `an IPv${family} address, or nothing`,
  parse: (text) =>
    text === '' || (isIP(text) === family && !text.includes('%')) ? text : undefined,
  format: (value) => value,
})
