// Which keys of an access table are asked for, in Postfix's order (access(5)). A table holds keys of any kind; of a name its parents are
// looked for both as `.example.net`, which is meant for what is below it, and as `example.net` (parent_domain_matches_subdomains).

import { isIP } from 'node:net'
import { formatAddress, lookupKey, parseAddress, splitExtension } from '#shared/mail/address.ts'
import { unreachable } from '#shared/runtime/errors.ts'

/**
 * Parents of a name, the shortest: a stranger's name of 127 labels is none that somebody has a key for, and each key is paid for
 * where a table is large.
 */
export const PARENT_DOMAINS_MAX = 10

/** smtpd_null_access_lookup_key */
export const NULL_SENDER_KEY = '<>'

/** The name, then its parents down to the top-level domain. A number and a literal have no parents. */
export function domainKeys(name: string): readonly string[] {
  const lower = lookupKey(name)
  if (isIP(lower) !== 0 || lower.startsWith('[')) return [lower]
  const labels = lower.split('.')
  const parents = labels.map((_, at) => labels.slice(at).join('.')).slice(1)
  return [lower, ...parents.slice(-PARENT_DOMAINS_MAX).flatMap((parent) => [`.${parent}`, parent])]
}

/** Of a sender or recipient: the address, its domain, its local part anywhere; with and without the extension. */
export function addressKeys(text: string, recipientDelimiter: string): readonly string[] {
  if (text === '') return [NULL_SENDER_KEY]
  const address = parseAddress(text)
  const written = lookupKey(address === undefined ? text : formatAddress(address))
  const at = written.lastIndexOf('@')
  // What has no domain is looked for as it is.
  if (at === -1) return [written, `${written}@`]
  const domain = written.slice(at + 1)
  const local = written.slice(0, at)
  const { base, extension } = splitExtension(local, recipientDelimiter)
  const locals = extension === null || local.startsWith('"') ? [local] : [local, base]
  return [
    ...locals.map((one) => `${one}@${domain}`),
    ...domainKeys(domain),
    ...locals.map((one) => `${one}@`),
  ]
}

/** Whether its sender says the way (`a%b@c`, `b!a@c`, `@c:a@b` and their like): our host is not where that ends. */
export function isSenderRouted(local: string): boolean {
  return /[@%!]/.test(local)
}

/** What a table may be asked about, as `check_…_access` do. */
export const accessKinds = [
  'client',
  'helo',
  'sender',
  'recipient',
  'certificate',
  'login',
] as const
export type AccessKind = (typeof accessKinds)[number]

/** Texts in their order; then, of a client, its address with the networks around it. */
export type AccessQuestion = {
  readonly keys: readonly string[]
  readonly address: string | undefined
}

/** A client is `name`, `address` or `name[address]`; one without a name is `unknown`. */
export function accessQuestion(
  kind: AccessKind,
  value: string,
  recipientDelimiter: string,
): AccessQuestion {
  switch (kind) {
    case 'client':
      return clientQuestion(value)
    case 'helo':
      return { keys: domainKeys(value), address: undefined }
    case 'sender':
    case 'recipient':
      return {
        keys: addressKeys(value === '<>' ? '' : value, recipientDelimiter),
        address: undefined,
      }
    case 'certificate':
    case 'login':
      return { keys: [value], address: undefined }
    default:
      return unreachable(kind)
  }
}

function clientQuestion(value: string): AccessQuestion {
  if (isIP(value) !== 0) return { keys: domainKeys('unknown'), address: value }
  const [, name = value, address] = /^([^[]*)\[([^\]]*)\]$/.exec(value) ?? []
  return { keys: domainKeys(name || 'unknown'), address }
}
