// The issuer of OpenID Connect that people sign in with: what it says of itself (discovery), and the keys it signs with. Both are read
// over HTTPS with limits of time and size, and remembered; a key that is not known has them read again, now and then, for whoever likes may
// show a token that names one.

import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'

export interface Issuer {
  /** As it is set; tokens name it so. */
  readonly url: string
  /** Rejects with IssuerDown. */
  metadata(): Promise<IssuerMetadata>
  /** Those that may have signed with this algorithm; of a name, if it names one. Rejects with IssuerDown. */
  keys(asked: {
    readonly kid: string | undefined
    readonly alg: string
  }): Promise<readonly KeyObject[]>
  /** A form to one of its addresses; JSON comes back. Rejects with IssuerDown. */
  post(url: string, form: Form, authorization: string): Promise<Answer>
  get(url: string, authorization: string): Promise<Answer>
}

export type Form = { readonly [name: string]: string }
export type Answer = { readonly status: number; readonly body: unknown }

export type IssuerMetadata = {
  readonly issuer: string
  readonly jwksUri: string
  readonly introspectionEndpoint: string | undefined
  readonly userinfoEndpoint: string | undefined
  /** All of it, for whoever needs more. */
  readonly all: { readonly [name: string]: unknown }
}

/** It does not answer, or not as an issuer does. */
export class IssuerDown extends TemporaryFailure {
  override readonly name = 'IssuerDown'
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

const MINUTE_MS = 60_000
export const METADATA_HELD_MS = 60 * MINUTE_MS
export const KEYS_HELD_MS = 60 * MINUTE_MS
/** Between two readings because of a key that is not known, or an issuer that is down. */
export const READ_AGAIN_MS = 30_000
const TIMEOUT_MS = 10_000
export const ANSWER_BYTES_MAX = 256 * 1024
const KEYS_MAX = 100

type Held<T> = { readonly value: T; readonly readMs: number }

export function createIssuer(deps: {
  readonly url: string
  readonly fetch?: Fetch
  readonly clock: Pick<Clock, 'now'>
}): Issuer {
  const { url, fetch = globalThis.fetch, clock } = deps

  async function ask(address: string, init: RequestInit): Promise<Answer> {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    try {
      const response = await fetch(address, { ...init, redirect: 'error', signal })
      return { status: response.status, body: JSON.parse(await textOf(response)) }
    } catch (error) {
      throw new IssuerDown(`the issuer ${url} does not answer`, { cause: error })
    }
  }

  const read = async (address: string): Promise<unknown> => {
    const { status, body } = await ask(address, { headers: { accept: 'application/json' } })
    if (status !== 200) throw new IssuerDown(`the issuer ${url} answers ${status}`)
    return body
  }

  const metadata = remember(METADATA_HELD_MS, clock, async () => {
    const all = Object(await read(configurationUrl(url)))
    const found: IssuerMetadata = {
      issuer: String(all.issuer),
      jwksUri: address(all.jwks_uri) ?? '',
      introspectionEndpoint: address(all.introspection_endpoint),
      userinfoEndpoint: address(all.userinfo_endpoint),
      all,
    }
    // OpenID Connect Discovery §4.3: or it speaks for another.
    if (found.issuer !== url)
      throw new IssuerDown(`${url} calls itself ${found.issuer.slice(0, 200)}`)
    if (found.jwksUri === '') throw new IssuerDown(`the issuer ${url} names no keys`)
    return found
  })

  const jwks = remember(KEYS_HELD_MS, clock, async () => {
    const { keys } = Object(await read((await metadata()).jwksUri))
    return (Array.isArray(keys) ? keys : []).slice(0, KEYS_MAX).flatMap((jwk): readonly Key[] => {
      const key = importKey(jwk)
      return key === undefined ? [] : [key]
    })
  })

  return {
    url,
    metadata: () => metadata(),
    async keys({ kid, alg }) {
      const fitting = (keys: readonly Key[]) =>
        keys.filter((key) => (kid === undefined || key.kid === kid) && key.fits(alg))
      const known = fitting(await jwks())
      const found = known.length > 0 ? known : fitting(await jwks({ again: true }))
      return found.map(({ key }) => key)
    },
    post: (address, form, authorization) =>
      ask(address, {
        method: 'POST',
        headers: {
          accept: 'application/json',
          authorization,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams(form).toString(),
      }),
    get: (address, authorization) =>
      ask(address, { headers: { accept: 'application/json', authorization } }),
  }
}

export const configurationUrl = (issuer: string): string =>
  `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`

/** Tokens and secrets go there: in clear to this machine at most. */
export function isSafeUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.hash !== '') return false
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
}

const address = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length <= 2_048 && isSafeUrl(value) ? value : undefined

/** One reading at a time; a failure is held for a while too. */
function remember<T>(heldMs: number, clock: Pick<Clock, 'now'>, read: () => Promise<T>) {
  let held: Held<T> | undefined
  let failed: Held<unknown> | undefined
  let reading: Promise<T> | undefined
  return async ({ again = false } = {}): Promise<T> => {
    const nowMs = clock.now()
    const lastMs = Math.max(held?.readMs ?? -Infinity, failed?.readMs ?? -Infinity)
    const isFresh = held !== undefined && nowMs - held.readMs < heldMs
    const isTooSoon = nowMs - lastMs < READ_AGAIN_MS
    if (held !== undefined && ((isFresh && !again) || isTooSoon)) return held.value
    if (failed !== undefined && isTooSoon && reading === undefined) throw failed.value
    reading ??= read()
      .then((value) => {
        held = { value, readMs: clock.now() }
        failed = undefined
        return value
      })
      .catch((error: unknown) => {
        failed = { value: error, readMs: clock.now() }
        // What was known goes on for as long as it is down: its keys do not change in that time.
        if (held !== undefined) return held.value
        throw error
      })
      .finally(() => {
        reading = undefined
      })
    return reading
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > ANSWER_BYTES_MAX) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

type Key = {
  readonly kid: string | undefined
  readonly key: KeyObject
  fits(alg: string): boolean
}

function importKey(jwk: unknown): Key | undefined {
  const { kid, use, alg: only } = Object(jwk)
  if (use !== undefined && use !== 'sig') return undefined
  try {
    const key = createPublicKey({ key: Object(jwk), format: 'jwk' })
    return {
      kid: typeof kid === 'string' ? kid : undefined,
      key,
      fits: (alg) => (only === undefined || only === alg) && isOfKind(key, alg),
    }
  } catch {
    // Of a kind that Node does not know, or a secret, which signs nothing here.
    return undefined
  }
}

const curves: { readonly [alg: string]: string } = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
}

/** RFC 8725 §3.1: a key is used with the algorithm it was made for. */
function isOfKind(
  { asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject,
  alg: string,
) {
  if (alg.startsWith('ES')) return type === 'ec' && details?.namedCurve === curves[alg]
  if (alg === 'EdDSA') return type === 'ed25519' || type === 'ed448'
  return type === 'rsa' && (details?.modulusLength ?? 0) >= 2_048
}
