// The keys that sign a domain's mail (DKIM, RFC 6376). One item holds all of a domain: its keys change their states together.
//   DKIM#<domain> / KEYS   version, keys: each with its selector, private key (PKCS #8) and the times of its states
// Private keys lie here as password hashes do: in the data folder, which its owner alone may read, or in the table, which DynamoDB
// encrypts at rest.

import type { Domain } from '#shared/mail/domain.ts'
import type { Item, Key, Table, Value } from '#shared/storage/ports.ts'
import { optimistic } from './optimistic.ts'

export type SigningAlgorithm = 'rsa' | 'ed25519'

/**
 * waiting: its record is to be published, and was not seen yet. active: signs. retiring: another one signs in its place, and mail that it
 * signed is still under way. revoked: its record is to be published without a key (RFC 6376 §3.6.1, an empty `p=`); nobody has the private
 * one any more.
 */
export const signingKeyStates = ['waiting', 'active', 'retiring', 'revoked'] as const
export type SigningKeyState = (typeof signingKeyStates)[number]

export type SigningKey = {
  readonly selector: string
  readonly algorithm: SigningAlgorithm
  /** PKCS #8; empty of one that is revoked. */
  readonly privateKey: Uint8Array
  /** As `p=` has it: base64. */
  readonly publicKey: string
  readonly state: SigningKeyState
  /** Since when it is in its state. */
  readonly sinceMs: number
  readonly createdMs: number
  /** When its record was seen last; null: never. */
  readonly seenMs: number | null
  /** An administrator wants it to sign, whatever is seen. */
  readonly forced: boolean
  /** Brought along, and not made here. */
  readonly imported: boolean
}

/** Of one domain, those that go counted. */
export const SIGNING_KEYS_MAX = 16

export interface SigningKeys {
  of(domain: Domain): Promise<readonly SigningKey[]>
  /**
   * Writes what `change` makes of the keys, which may be asked again where another process was faster; undefined: they stay. Resolves to
   * what is there afterwards.
   */
  change(
    domain: Domain,
    change: (
      keys: readonly SigningKey[],
    ) => readonly SigningKey[] | undefined | Promise<readonly SigningKey[] | undefined>,
  ): Promise<readonly SigningKey[]>
  remove(domain: Domain): Promise<void>
}

export function createSigningKeys({
  table,
}: {
  readonly table: Pick<Table, 'get' | 'write'>
}): SigningKeys {
  const read = (domain: Domain) => table.get(signingKeysKey(domain), { consistent: true })

  return {
    of: async (domain) => keysOf(await read(domain)),

    change: (domain, change) =>
      optimistic(async () => {
        const item = await read(domain)
        const before = keysOf(item)
        const keys = await change(before)
        if (keys === undefined) return before
        if (keys.length > SIGNING_KEYS_MAX) throw new Error(`${domain} has too many signing keys`)
        const version = versionOf(item)
        await table.write({
          put: signingKeysItem(domain, version + 1, keys),
          if:
            item === undefined
              ? { absent: 'pk' }
              : { attribute: 'version', is: '=', value: version },
        })
        return keys
      }),

    remove: async (domain) => {
      await table.write({ delete: signingKeysKey(domain) })
    },
  }
}

export const signingKeysKey = (domain: Domain): Key => ({ pk: `DKIM#${domain}`, sk: 'KEYS' })

export function signingKeysItem(
  domain: Domain,
  version: number,
  keys: readonly SigningKey[],
): Item {
  return { ...signingKeysKey(domain), version, keys: keys.map(keyValue) }
}

function keyValue(key: SigningKey): Value {
  const { forced, imported, ...facts } = key
  return { ...facts, ...(forced && { forced }), ...(imported && { imported }) }
}

const versionOf = (item: Item | undefined) => (typeof item?.version === 'number' ? item.version : 0)

function keysOf(item: Item | undefined): readonly SigningKey[] {
  const keys = item?.keys
  return Array.isArray(keys) ? keys.map(readKey) : []
}

function readKey(value: Value): SigningKey {
  const {
    selector,
    algorithm,
    privateKey,
    publicKey,
    state,
    sinceMs,
    createdMs,
    seenMs,
    forced,
    imported,
  } = Object(value)
  if (!signingKeyStates.includes(state) || !(privateKey instanceof Uint8Array)) {
    throw new Error('unreadable signing key')
  }
  return {
    selector: String(selector),
    algorithm: algorithm === 'ed25519' ? 'ed25519' : 'rsa',
    privateKey,
    publicKey: String(publicKey),
    state,
    sinceMs: Number(sinceMs),
    createdMs: Number(createdMs),
    seenMs: typeof seenMs === 'number' ? seenMs : null,
    forced: forced === true,
    imported: imported === true,
  }
}
