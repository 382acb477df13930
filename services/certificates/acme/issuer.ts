// Orders a certificate from an ACME authority (RFC 8555) and proves control of its names by one kind of challenge (`solver.ts`).

import type { CertificatePair } from '#shared/net/tls/certificate.ts'
import { makePrivateKey, privateKeyPem } from '#shared/net/tls/private-key.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { AccountKeyStore, CertificateIssuer } from '../issuer.ts'
import { AccountKey } from './account-key.ts'
import { type AcmeAnswer, AcmeClient, AcmeProblem, locationOf } from './client.ts'
import { fieldOf, isObject, listOf, objectOf, textOf } from './fields.ts'
import type { SendHttps } from './https.ts'
import { makeSigningRequest } from './signing-request.ts'
import type { ChallengeSolver } from './solver.ts'

export type AcmeIssuerOptions = {
  readonly directoryUrl: string
  /** The first is that of the host. */
  readonly names: () => Promise<readonly [string, ...string[]]>
  /** Mail address the authority may write to, or ''. Told when the account is made. */
  readonly contact: string
  readonly accountKeys: AccountKeyStore
  readonly solver: ChallengeSolver
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
    const { directoryUrl, contact, send } = this.#options
    const names = await this.#options.names()
    const key = await this.#accountKey()
    const client = await AcmeClient.open(send, { directoryUrl, key, contact })
    const order = await client.newOrder(names)
    const orderUrl = locationOf(order)
    for (const url of listOf(order.value, 'authorizations')) {
      await this.#authorize(client, String(url))
    }
    return this.#finalize(client, orderUrl, names)
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
    const { solver, log } = this.#options
    const { value } = await client.post(url)
    if (textOf(value, 'status') === 'valid') return // proved for an earlier order
    const challenge = listOf(value, 'challenges')
      .filter(isObject)
      .find((offer) => textOf(offer, 'type') === solver.type)
    if (challenge === undefined) throw new Error(`the authority offers no ${solver.type} challenge`)
    const name = fieldOf(objectOf(value, 'identifier') ?? {}, 'value')
    const token = fieldOf(challenge, 'token')
    // RFC 8555 §8.1
    const proof = { name, token, keyAuthorization: `${token}.${client.key.thumbprint}` }
    const where = solver.placeOf(proof)
    try {
      await solver.publish(proof)
      await client.post(fieldOf(challenge, 'url'), {})
      const settled = await this.#settled(client, url, ['pending'])
      if (textOf(settled.value, 'status') !== 'valid') throw refusedChallenge(settled.value, where)
    } finally {
      // What stays behind is replaced by the next order.
      await solver
        .remove(proof)
        .catch((error) => log.warn({ error, name: where }, 'cannot remove the challenge'))
    }
  }

  // RFC 8555 §7.4
  async #finalize(
    client: AcmeClient,
    orderUrl: string,
    names: readonly [string, ...string[]],
  ): Promise<CertificatePair> {
    const ready = await this.#settled(client, orderUrl, ['pending'])
    if (textOf(ready.value, 'status') !== 'ready') throw refusedOrder(ready.value)
    const key = makePrivateKey()
    const csr = Buffer.from(makeSigningRequest(names, key)).toString('base64url')
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
