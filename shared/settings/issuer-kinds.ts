// Kinds of settings about an issuer of OpenID Connect.

import type { Kind } from './setting.ts'

const URL_CHARACTERS_MAX = 2_048
const loopback = ['localhost', '127.0.0.1', '[::1]']

/** As the issuer writes it, to the letter: tokens name it so. In clear only on this machine. */
export const issuerUrl: Kind<string> = {
  name: 'issuer',
  allowed: 'an https:// address without query or fragment (http:// on this machine), or nothing',
  parse(value) {
    if (value === '') return ''
    const url = value.length <= URL_CHARACTERS_MAX ? URL.parse(value) : null
    if (url === null || url.search !== '' || url.hash !== '' || url.username !== '')
      return undefined
    const isSafe =
      url.protocol === 'https:' || (url.protocol === 'http:' && loopback.includes(url.hostname))
    return isSafe && /^[\x21-\x7e]+$/.test(value) ? value : undefined
  },
  format: (value) => value,
}

const WORDS_MAX = 50

function words(value: string): readonly string[] | undefined {
  const all = value.split(/[\s,]+/).filter((word) => word !== '')
  return all.length <= WORDS_MAX && !all.some((word) => word.length > 500) ? all : undefined
}

/** RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ) */
export const scopes: Kind<readonly string[]> = {
  name: 'scopes',
  allowed: 'scopes with blanks between, openid among them',
  list: true,
  parse(value) {
    const all = words(value)
    const isSound = all?.every((word) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(word))
    return isSound && all?.includes('openid') ? all : undefined
  },
  format: (value) => value.join(' '),
}

export const texts: Kind<readonly string[]> = {
  name: 'names',
  allowed: `names with blanks between, at most ${WORDS_MAX}`,
  list: true,
  parse: words,
  format: (value) => value.join(' '),
}

export const claimName: Kind<string> = {
  name: 'claim',
  allowed: 'the name of a claim, or nothing',
  parse: (value) => (/^[A-Za-z0-9_:/.#@-]{0,200}$/.test(value) ? value : undefined),
  format: (value) => value,
}

const roles = ['owner', 'domain-admin', 'auditor', 'help-desk'] as const

export type RoleOfClaim = {
  readonly claim: string
  readonly role: (typeof roles)[number]
  /** Of a domain administrator or help desk. */
  readonly domains: readonly string[]
}

export const roleOfClaims: Kind<readonly RoleOfClaim[]> = {
  name: 'roles',
  allowed: `entries group=role, where a role is one of ${roles.join(', ')}; of domain-admin and help-desk with domains: group=help-desk:example.org:example.net`,
  list: true,
  parse(value) {
    const entries = words(value)?.map(parseRole)
    return entries?.every((entry) => entry !== undefined) ? entries : undefined
  },
  format: (value) =>
    value.map(({ claim, role, domains }) => `${claim}=${[role, ...domains].join(':')}`).join(' '),
}

function parseRole(entry: string): RoleOfClaim | undefined {
  const at = entry.lastIndexOf('=')
  const [name, ...domains] = entry.slice(at + 1).split(':')
  const role = roles.find((one) => one === name)
  if (at < 1 || role === undefined) return undefined
  const isOfDomains = role === 'domain-admin' || role === 'help-desk'
  if (isOfDomains !== domains.length > 0) return undefined
  const isSound = domains.every((one) => /^[a-z0-9.-]{1,253}$/i.test(one))
  return isSound ? { claim: entry.slice(0, at), role, domains } : undefined
}
