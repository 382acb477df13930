// Secrets of a service as files, for whoever leaves with them: keys that sign, secrets of rewritten senders, app passwords. Nobody can read a
// password out of the last; who has the first two can sign as we do.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { AppPasswordRecord, Factors } from '#shared/directory/factors.ts'
import { appPasswordScopes } from '#shared/directory/factors.ts'
import {
  keyRecordText,
  newSigningKey,
  openPrivateKey,
  readPrivateKey,
} from '#shared/directory/signing-key.ts'
import type { SigningKeys } from '#shared/directory/signing-keys.ts'
import type { Domain } from '#shared/mail/domain.ts'

/** A line for an account that has some. */
export const APP_PASSWORDS_FILE = 'app-passwords.ndjson'
/** A line for each, the one that signs first, as PostSRSd has them. */
export const SRS_FILE = 'srs-secrets'
export const KEYS_FOLDER = 'dkim'

const MARK = '._domainkey.'
const SUFFIX = '.private'

/** As the record of the key is named; the suffix is that of opendkim-genkey. */
export const keyFileOf = (selector: string, domain: string) =>
  `${selector}${MARK}${domain}${SUFFIX}`

/** Undefined: it is no such name. */
export function keyNameOf(file: string): { selector: string; domain: string } | undefined {
  const at = file.indexOf(MARK)
  if (at <= 0 || !file.endsWith(SUFFIX)) return undefined
  return { selector: file.slice(0, at), domain: file.slice(at + MARK.length, -SUFFIX.length) }
}

/** Those that sign, or will; of those that signed, mail under way needs the records alone. */
export async function signingKeyFiles(
  keys: Pick<SigningKeys, 'of'>,
  domain: Domain,
): Promise<readonly { readonly file: string; readonly pem: string }[]> {
  const all = await keys.of(domain)
  return all
    .filter(
      ({ state, privateKey }) =>
        (state === 'active' || state === 'waiting') && privateKey.length > 0,
    )
    .map((key) => ({
      file: keyFileOf(key.selector, domain),
      pem: openPrivateKey(key).export({ type: 'pkcs8', format: 'pem' }).toString(),
    }))
}

/** What is published of a key; undefined: it is none. */
export function recordOf(pem: string): string | undefined {
  const key = readPrivateKey(pem)
  if (typeof key === 'string') return undefined
  return keyRecordText(newSigningKey(key, { selector: '', nowMs: 0 }))
}

export type WrittenAppPasswords = {
  readonly address: string
  readonly salt: string | null
  readonly iterations: number | null
  readonly appPasswords: readonly WrittenAppPassword[]
}

type WrittenAppPassword = Pick<
  AppPasswordRecord,
  'id' | 'name' | 'scopes' | 'createdMs' | 'expiresMs'
> & { readonly [key in Binary]: string }

/** In base64. */
type Binary = 'hash' | 'storedKey' | 'serverKey'

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')

/** Undefined: it has none. */
export async function appPasswordsRow(
  factors: Pick<Factors, 'of'>,
  { id, address }: { readonly id: AccountId; readonly address: string },
): Promise<WrittenAppPasswords | undefined> {
  const { appPasswords, salt } = await factors.of(id)
  if (appPasswords.length === 0) return undefined
  return {
    address,
    salt: salt && base64(salt.salt),
    iterations: salt?.iterations ?? null,
    appPasswords: appPasswords.map(({ hash, storedKey, serverKey, ...one }) => ({
      ...one,
      hash: base64(hash),
      storedKey: base64(storedKey),
      serverKey: base64(serverKey),
    })),
  }
}

const KEY_BYTES = 32
const SALT_BYTES_MAX = 64
/** A login costs none of them; whoever writes the file must not choose what a phone computes. */
const ITERATIONS_MAX = 1_000_000

/** What is to be kept of a row; undefined: it is none. Another length of a hash would end every comparison. */
export function readAppPasswordsRow(row: unknown):
  | {
      readonly address: string
      readonly salt: { readonly salt: Uint8Array; readonly iterations: number } | null
      readonly appPasswords: readonly AppPasswordRecord[]
    }
  | undefined {
  const { address, salt, iterations, appPasswords } = Object(row)
  if (typeof address !== 'string' || !Array.isArray(appPasswords)) return undefined
  const saltBytes = bytesOf(salt)
  const isSalt =
    saltBytes !== undefined &&
    saltBytes.length > 0 &&
    saltBytes.length <= SALT_BYTES_MAX &&
    Number.isInteger(iterations) &&
    iterations > 0 &&
    iterations <= ITERATIONS_MAX
  if (salt !== null && !isSalt) return undefined
  const records = appPasswords.map(readAppPassword)
  if (records.some((one) => one === undefined)) return undefined
  return {
    address,
    salt: isSalt ? { salt: saltBytes, iterations } : null,
    appPasswords: records.filter((one) => one !== undefined),
  }
}

function readAppPassword(row: unknown): AppPasswordRecord | undefined {
  const { id, name, scopes, createdMs, expiresMs, ...binary } = Object(row)
  const [hash, storedKey, serverKey] = [binary.hash, binary.storedKey, binary.serverKey].map(
    bytesOf,
  )
  const isKey = (bytes: Uint8Array | undefined) => bytes?.length === KEY_BYTES
  if (!isKey(hash) || !isKey(storedKey) || !isKey(serverKey)) return undefined
  if (hash === undefined || storedKey === undefined || serverKey === undefined) return undefined
  if (typeof id !== 'string' || !/^[0-9a-f]{12}$/.test(id)) return undefined
  if (typeof name !== 'string' || !/^[^\p{Cc}]{1,100}$/u.test(name)) return undefined
  if (!Array.isArray(scopes) || typeof createdMs !== 'number') return undefined
  if (expiresMs !== null && typeof expiresMs !== 'number') return undefined
  const known = appPasswordScopes.filter((scope) => scopes.includes(scope))
  if (known.length === 0) return undefined
  return { id, name, hash, storedKey, serverKey, scopes: known, createdMs, expiresMs }
}

const bytesOf = (text: unknown) =>
  typeof text === 'string' ? Buffer.from(text, 'base64') : undefined
