// One-time links that set a phone up: whoever has one gets, once and within minutes, the profile with an app password in it. What is kept is
// sealed with a key that only the link holds, and filed under the link's hash: who reads the table learns no password.
//
//   counters   SETUP#<hash of the secret> / link   sealed, until when; ttl

import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type Key, type Table } from '#shared/storage/ports.ts'
import { hashOf, hexOf, type RandomBytes } from './secrets.ts'

/** What the profile is made of. */
export type SetupContent = {
  readonly address: string
  /** '': it has none. */
  readonly displayName: string
  readonly password: string
  readonly scopes: readonly string[]
}

export interface SetupLinks {
  make(content: SetupContent): Promise<{ readonly secret: string; readonly expiresMs: number }>
  /** Uses it up; of two who use it at once one gets it. */
  take(secret: string): Promise<SetupContent | undefined>
}

export const SETUP_LINK_MS = 15 * 60_000
const SECRET_BYTES = 24
const SECRET = /^[0-9a-f]{48}$/
const NONCE_BYTES = 12
const TAG_BYTES = 16

export function createSetupLinks(deps: {
  /** The `counters` table. */
  readonly counters: Table
  readonly clock: Clock
  readonly random: RandomBytes
}): SetupLinks {
  const { counters, clock, random } = deps
  return {
    async make(content) {
      const secret = hexOf(random(SECRET_BYTES))
      const expiresMs = clock.now() + SETUP_LINK_MS
      const sealed = seal(secret, random(NONCE_BYTES), content)
      const ttl = Math.ceil(expiresMs / 1_000)
      await counters.write({ put: { ...keyOf(secret), sealed, expiresMs, ttl } })
      return { secret, expiresMs }
    },

    async take(secret) {
      if (!SECRET.test(secret)) return undefined
      const key = keyOf(secret)
      const item = await counters.get(key, { consistent: true })
      const expiresMs = Number(item?.expiresMs ?? 0)
      if (item === undefined || expiresMs <= clock.now()) return undefined
      try {
        const condition = { attribute: 'expiresMs', is: '=', value: expiresMs } as const
        await counters.write({ delete: key, if: condition })
      } catch (error) {
        if (error instanceof ConditionFailed) return undefined
        throw error
      }
      return open(secret, String(item.sealed))
    },
  }
}

const keyOf = (secret: string): Key => ({ pk: `SETUP#${hashOf(secret)}`, sk: 'link' })

const sealKey = (secret: string) =>
  Buffer.from(hkdfSync('sha256', secret, '', 'postwolke set-up link', 32))

function seal(secret: string, nonce: Uint8Array, content: SetupContent): string {
  const cipher = createCipheriv('aes-256-gcm', sealKey(secret), nonce)
  const text = Buffer.concat([cipher.update(JSON.stringify(content)), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64')
}

function open(secret: string, sealed: string): SetupContent {
  const bytes = Buffer.from(sealed, 'base64')
  const nonce = bytes.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', sealKey(secret), nonce, {
    authTagLength: TAG_BYTES,
  })
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  const text = Buffer.concat([
    decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)),
    decipher.final(),
  ])
  return JSON.parse(text.toString()) as SetupContent
}
