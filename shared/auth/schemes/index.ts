// The table of password schemes.

import { argon2i, argon2id } from './argon2.ts'
import { digestSchemes } from './digest.ts'
import { pbkdf2Scheme } from './pbkdf2.ts'
import { plain } from './plain.ts'
import type { PasswordScheme } from './scheme.ts'
import {
  bcryptScheme,
  desCryptScheme,
  md5CryptScheme,
  shaCryptScheme,
  yescryptScheme,
} from './unix-crypt.ts'

const schemes: readonly PasswordScheme[] = [
  argon2id,
  argon2i,
  bcryptScheme,
  shaCryptScheme,
  yescryptScheme,
  md5CryptScheme,
  desCryptScheme,
  pbkdf2Scheme,
  plain,
  ...digestSchemes,
]

/** Those of crypt(3), in the order in which they are looked for. */
const cryptSchemes = schemes.filter(
  ({ recognises }) => recognises !== undefined && recognises !== pbkdf2Scheme.recognises,
)

const schemesByPrefix = new Map(
  schemes.flatMap((scheme) => scheme.prefixes.map((prefix) => [prefix, scheme] as const)),
)

/** What an administrator may be told. */
export const knownSchemes = `crypt(3) (DES, $1$, $5$, $6$, $y$, bcrypt, argon2id, argon2i), ! or * for no login, or Dovecot's ${[
  ...schemesByPrefix.keys(),
]
  .filter((prefix) => !prefix.includes('.'))
  .map((prefix) => `{${prefix}}`)
  .join(', ')}`

export type StoredHash =
  | {
      readonly kind: 'known'
      readonly scheme: PasswordScheme
      readonly hash: string
      readonly lane: 'fast' | 'slow'
    }
  /** As in shadow(5): no password fits. */
  | { readonly kind: 'no-login' }
  /** Verifying it would take longer than others can wait; `exceeds` says by what. */
  | { readonly kind: 'costly'; readonly scheme: string; readonly exceeds: string }
  | { readonly kind: 'unsupported'; readonly scheme: string }

const PREFIXED = /^\{([^}]{1,30})\}(.*)$/s

/** Takes `{SCHEME}` off a stored hash, or finds the scheme by the look of it. `{CRYPT}` stands for any of crypt(3). */
export function recognise(stored: string): StoredHash {
  const [, prefix = 'CRYPT', hash = stored] = PREFIXED.exec(stored) ?? []
  const name = prefix.toUpperCase()
  // A locked password has its hash behind the sign.
  if (name === 'CRYPT' && /^[!*]/.test(hash)) return { kind: 'no-login' }
  const scheme =
    name === 'CRYPT'
      ? cryptSchemes.find((candidate) => candidate.recognises?.(hash))
      : schemesByPrefix.get(name)
  if (scheme === undefined || scheme.recognises?.(hash) === false)
    return { kind: 'unsupported', scheme: name === 'CRYPT' ? cryptName(hash) : name }
  const cost = scheme.cost?.(hash) ?? 'fast'
  if (typeof cost === 'object') return { kind: 'costly', scheme: scheme.name, ...cost }
  return { kind: 'known', scheme, hash, lane: cost }
}

/** For the log: the `$…$` of a hash and nothing that follows it. */
function cryptName(hash: string): string {
  return /^\$\w{1,12}\$/.exec(hash)?.[0] ?? 'unknown'
}
