// Lists of clients and of recipients, as postgrey's files have them: names with all below them, addresses, networks, expressions.

import { createNetworkMatcher, parseIpAddress, parseNetwork } from './networks.ts'
import { createPattern, type Pattern } from './pattern.ts'
import type { Kind } from './setting.ts'

const ENTRIES_MAX = 10_000
/** Each is tried in turn; names and networks are looked up. */
const EXPRESSIONS_MAX = 200

// What stands in names and local parts; anything else is a mistake.
const NAME = /^[a-z0-9_][a-z0-9_.-]*$/
const LOCAL = /^[^\s@<>,"]{1,64}$/

export const greylistClients: Kind<readonly string[]> = {
  name: 'clients',
  allowed:
    'host names (with all below them), IP addresses, networks such as 192.0.2.0/24 or 192.0.2, or /expressions/ without spaces, separated by spaces; a path such as /etc/postgrey/whitelist_clients.local stands for those in a file',
  list: true,
  files: true,
  parse: (text) => soundEntries(text, (entry) => parseClientEntry(entry) !== undefined),
  format: (value) => value.join(' '),
}

export const greylistRecipients: Kind<readonly string[]> = {
  name: 'recipients',
  allowed:
    'domains (with all below them), addresses, user@ for any domain, or /expressions/ without spaces, separated by spaces; a path such as /etc/postgrey/whitelist_recipients.local stands for those in a file',
  list: true,
  files: true,
  parse: (text) => soundEntries(text, (entry) => parseRecipientEntry(entry) !== undefined),
  format: (value) => value.join(' '),
}

function soundEntries(
  text: string,
  isSound: (entry: string) => boolean,
): readonly string[] | undefined {
  // An expression may have a comma within.
  const entries = text
    .split(/\s/)
    .flatMap((word) => (word.startsWith('/') ? [word.replace(/,$/, '')] : word.split(',')))
    .filter((entry) => entry !== '')
  const expressions = entries.filter((entry) => entry.startsWith('/')).length
  const sound = expressions <= EXPRESSIONS_MAX && entries.every(isSound)
  return entries.length <= ENTRIES_MAX && sound ? entries : undefined
}

type ClientEntry =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'network'; readonly network: string }
  | { readonly kind: 'expression'; readonly expression: Pattern }

function parseClientEntry(entry: string): ClientEntry | undefined {
  if (entry.startsWith('/')) return expressionOf(entry)
  // As postgrey means them; its `a.b` is a /24 by mistake.
  const octets = /^\d{1,3}(?:\.\d{1,3}){1,2}$/.test(entry) ? entry.split('.') : undefined
  const padded = octets && [...octets, '0', '0'].slice(0, 4).join('.')
  const network = padded === undefined ? entry : `${padded}/${octets?.length === 3 ? 24 : 16}`
  if (parseNetwork(network) !== undefined) return { kind: 'network', network }
  const name = entry.toLowerCase()
  return isName(name) && !/^[\d.]+$/.test(name) ? { kind: 'name', name } : undefined
}

function expressionOf(entry: string) {
  if (entry.length < 3 || !entry.endsWith('/')) return undefined
  const expression = createPattern(entry.slice(1, -1))
  return expression && ({ kind: 'expression', expression } as const)
}

export type ClientNames = {
  /** Whether it looks at the name at all. */
  readonly asksName: boolean
  isListedAddress(address: string): boolean
  isListedName(name: string): boolean
}

/** Of entries that `greylistClients` understands. */
export function createClientList(texts: readonly string[]): ClientNames {
  const entries = texts.map(parseClientEntry)
  const names = new Set(entries.flatMap((one) => (one?.kind === 'name' ? [one.name] : [])))
  const networks = entries.flatMap((one) => (one?.kind === 'network' ? [one.network] : []))
  const expressions = entries.flatMap((one) => (one?.kind === 'expression' ? [one.expression] : []))
  const isInNetwork = createNetworkMatcher(networks)
  return {
    asksName: names.size > 0 || expressions.length > 0,
    isListedAddress: (address) => parseIpAddress(address) !== undefined && isInNetwork(address),
    isListedName(text) {
      const name = text.toLowerCase()
      return hasParentIn(names, name) || expressions.some((matches) => matches(name))
    },
  }
}

type RecipientEntry =
  | { readonly kind: 'domain'; readonly domain: string }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'expression'; readonly expression: Pattern }

function parseRecipientEntry(text: string): RecipientEntry | undefined {
  if (text.startsWith('/')) return expressionOf(text)
  const entry = text.toLowerCase()
  const at = entry.indexOf('@')
  const domain = entry.slice(at + 1)
  const isDomain = isName(domain)
  if (at === -1) return isDomain ? { kind: 'domain', domain } : undefined
  const user = entry.slice(0, at)
  if (!LOCAL.test(user)) return undefined
  if (domain === '') return { kind: 'user', user }
  return isDomain ? { kind: 'address', address: entry } : undefined
}

/** Of entries that `greylistRecipients` understands; whether an address is among them, its `+extension` aside. */
export function createRecipientList(texts: readonly string[]): (address: string) => boolean {
  const entries = texts.map(parseRecipientEntry)
  const domains = new Set(entries.flatMap((one) => (one?.kind === 'domain' ? [one.domain] : [])))
  const users = new Set(entries.flatMap((one) => (one?.kind === 'user' ? [one.user] : [])))
  const addresses = new Set(
    entries.flatMap((one) => (one?.kind === 'address' ? [one.address] : [])),
  )
  const expressions = entries.flatMap((one) => (one?.kind === 'expression' ? [one.expression] : []))
  return (text) => {
    const address = text.toLowerCase()
    const at = address.lastIndexOf('@')
    const domain = address.slice(at + 1)
    const local = address.slice(0, Math.max(0, at))
    const plus = local.indexOf('+', 1)
    const forms = plus === -1 ? [local] : [local, local.slice(0, plus)]
    return (
      forms.some((user) => users.has(user) || addresses.has(`${user}@${domain}`)) ||
      hasParentIn(domains, domain) ||
      expressions.some((matches) => matches(address))
    )
  }
}

const isName = (text: string) => NAME.test(text) && /[^.-]$/.test(text)

function hasParentIn(names: ReadonlySet<string>, name: string): boolean {
  for (let at = 0; at !== -1; ) {
    if (names.has(name.slice(at))) return true
    const dot = name.indexOf('.', at)
    at = dot === -1 ? -1 : dot + 1
  }
  return false
}
