// The table of password schemes. yescrypt ($y$) is missing: there is no implementation to be had; nor are passwords kept in
// clear ({PLAIN}) honoured.

import { argon2id } from './argon2id.ts'
import { bcrypt } from './bcrypt.ts'
import { digestSchemes } from './digest.ts'
import type { PasswordScheme } from './scheme.ts'
import { desCryptScheme, md5CryptScheme, shaCryptScheme } from './unix-crypt.ts'

const schemes: readonly PasswordScheme[] = [
  argon2id,
  bcrypt,
  shaCryptScheme,
  md5CryptScheme,
  desCryptScheme,
  ...digestSchemes,
]

const schemesByPrefix = new Map(
  schemes.flatMap((scheme) => scheme.prefixes.map((prefix) => [prefix, scheme] as const)),
)

export type StoredHash =
  | { readonly kind: 'known'; readonly scheme: PasswordScheme; readonly hash: string }
  | { readonly kind: 'unsupported'; readonly scheme: string }

const PREFIXED = /^\{([^}]{1,30})\}(.*)$/s

/** Takes `{SCHEME}` off a stored hash, or finds the scheme by the look of it. `{CRYPT}` stands for any of crypt(3). */
export function recognise(stored: string): StoredHash {
  const [, prefix = 'CRYPT', hash = stored] = PREFIXED.exec(stored) ?? []
  const name = prefix.toUpperCase()
  const scheme =
    name === 'CRYPT'
      ? schemes.find((candidate) => candidate.recognises?.(hash))
      : schemesByPrefix.get(name)
  if (scheme === undefined || scheme.recognises?.(hash) === false)
    return { kind: 'unsupported', scheme: name === 'CRYPT' ? cryptName(hash) : name }
  return { kind: 'known', scheme, hash }
}

/** For the log: the `$…$` of a hash and nothing that follows it. */
function cryptName(hash: string): string {
  return /^\$\w{1,12}\$/.exec(hash)?.[0] ?? 'unknown'
}
