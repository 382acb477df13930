// Orders a certificate from an ACME authority (RFC 8555) and proves control of the name by DNS (`dns-01`, §8.4): the only
// challenge that needs no open port, and none of the listeners' help.

import { createHash } from 'node:crypto'
import type { CertificatePair } from '#shared/net/tls/certificate.ts'
import { makePrivateKey, privateKeyPem } from '#shared/net/tls/private-key.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { AccountKeyStore, CertificateIssuer, DnsChallenges } from '../issuer.ts'
import { AccountKey } from './account-key.ts'
import { type AcmeAnswer, AcmeClient, AcmeProblem, locationOf } from './client.ts'
import { fieldOf, isObject, listOf, objectOf, textOf } from './fields.ts'
import type { SendHttps } from './https.ts'
import { makeSigningRequest } from './signing-request.ts'

export type AcmeIssuerOptions = {
  readonly directoryUrl: string
  readonly hostname: string
  /** Mail address the authority may write to, or ''. Told when the account is made. */
  readonly contact: string
  readonly accountKeys: AccountKeyStore
  readonly challenges: DnsChallenges
  readonly send: SendHttps
  readonly clock: Clock
  readonly log: Log
}

/** Longest wait for one change of state at the authority. */
const WAIT_MS_MAX = 120_000
/** Between two looks, unless the authority says otherwise in Retry-After. */
const PAUSE_MS = 2_000
const PAUSE_MS_MAX = 30_000

export class AcmeIssuer implements CertificateIssuer {
  readonly asked = 'when due'
  readonly #options: AcmeIssuerOptions

  constructor(options: AcmeIssuerOptions) {
    this.#options = options
  }

  async issue(): Promise<CertificatePair> {
    const { directoryUrl, hostname, contact, send } = this.#options
    const key = await this.#accountKey()
    const client = await AcmeClient.open(send, { directoryUrl, key, contact })
    const order = await client.newOrder(hostname)
    const orderUrl = locationOf(order)
    for (const url of listOf(order.value, 'authorizations')) {
      await this.#authorize(client, String(url))
    }
    return this.#finalize(client, orderUrl)
  }

  /** Made at first use and stored before the account is: an account without its key would be lost. */
  async #accountKey(): Promise<AccountKey> {
    const { accountKeys, log } = this.#options
    const stored = await accountKeys.read()
    if (stored !== undefined) return new AccountKey(stored)
    const made = privateKeyPem(makePrivateKey())
    await accountKeys.write(made)
    log.info({}, 'ACME account key made')
    return new AccountKey(made)
  }

  // RFC 8555 §7.5
  async #authorize(client: AcmeClient, url: string): Promise<void> {
    const { challenges, hostname, log } = this.#options
    const { value } = await client.post(url)
    if (textOf(value, 'status') === 'valid') return // proved for an earlier order
    const challenge = listOf(value, 'challenges')
      .filter(isObject)
      .find((offer) => textOf(offer, 'type') === 'dns-01')
    if (challenge === undefined) throw new Error('the authority offers no dns-01 challenge')
    const name = `_acme-challenge.${hostname}`
    const proof = createHash('sha256')
      .update(`${fieldOf(challenge, 'token')}.${client.key.thumbprint}`)
      .digest('base64url')
    try {
      await challenges.publish(name, proof)
      await client.post(fieldOf(challenge, 'url'), {})
      const settled = await this.#settled(client, url, ['pending'])
      if (textOf(settled.value, 'status') !== 'valid') throw refusedChallenge(settled.value, name)
    } finally {
      // What stays behind is replaced by the next order.
      await challenges
        .remove(name, proof)
        .catch((error) => log.warn({ error, name }, 'cannot remove the challenge record'))
    }
  }

  // RFC 8555 §7.4
  async #finalize(client: AcmeClient, orderUrl: string): Promise<CertificatePair> {
    const ready = await this.#settled(client, orderUrl, ['pending'])
    if (textOf(ready.value, 'status') !== 'ready') throw refusedOrder(ready.value)
    const key = makePrivateKey()
    const csr = Buffer.from(makeSigningRequest(this.#options.hostname, key)).toString('base64url')
    await client.post(fieldOf(ready.value, 'finalize'), { csr })
    const issued = await this.#settled(client, orderUrl, ['ready', 'processing'])
    if (textOf(issued.value, 'status') !== 'valid') throw refusedOrder(issued.value)
    const cert = await client.download(fieldOf(issued.value, 'certificate'))
    return { cert, key: privateKeyPem(key) }
  }

  /** Looks again until the resource has left the states (RFC 8555 §7.1.6). */
  async #settled(client: AcmeClient, url: string, states: readonly string[]): Promise<AcmeAnswer> {
    const { clock } = this.#options
    const deadline = clock.now() + WAIT_MS_MAX
    for (;;) {
      const answer = await client.post(url)
      const status = fieldOf(answer.value, 'status')
      if (!states.includes(status)) return answer
      if (clock.now() >= deadline) {
        throw new TemporaryFailure(`still ${status} after ${WAIT_MS_MAX / 1000} s`)
      }
      await clock.sleep(pauseMs(answer, clock.now()))
    }
  }
}

/** Retry-After is a number of seconds or a date (RFC 9110 §10.2.3). */
function pauseMs({ headers }: AcmeAnswer, nowMs: number): number {
  const given = headers['retry-after'] ?? ''
  const askedMs = /^\d+$/.test(given) ? Number(given) * 1000 : Date.parse(given) - nowMs
  return askedMs > 0 ? Math.min(askedMs, PAUSE_MS_MAX) : PAUSE_MS
}

function refusedChallenge(authorization: object, name: string): Error {
  const problem = listOf(authorization, 'challenges')
    .filter(isObject)
    .map((challenge) => objectOf(challenge, 'error'))
    .find((error) => error !== undefined)
  const status = textOf(authorization, 'status') ?? ''
  return new AcmeProblem(problem ?? {}, `authorization by ${name} is ${status}`)
}

function refusedOrder(order: object): Error {
  return new AcmeProblem(
    objectOf(order, 'error') ?? {},
    `order is ${textOf(order, 'status') ?? ''}`,
  )
}
