// The requests of ACME (RFC 8555): directory, nonces, signed POSTs, the account. What is ordered with them is in `issuer.ts`.

import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { AccountKey } from './account-key.ts'
import { fieldOf, parseObject, textOf } from './fields.ts'
import type { HttpsAnswer, SendHttps } from './https.ts'

/** A nonce may be refused for no fault of ours (RFC 8555 §6.5). */
const BAD_NONCES_MAX = 10
const BAD_NONCE = 'urn:ietf:params:acme:error:badNonce'

/** RFC 8555 §7.1.1 */
type Directory = {
  readonly newNonce: string
  readonly newAccount: string
  readonly newOrder: string
}

export type AcmeAnswer = HttpsAnswer & { readonly value: object }

/** What the authority refused, in its words (RFC 7807). */
export class AcmeProblem extends Error {
  override readonly name: string = 'AcmeProblem'
  readonly type: string

  constructor(problem: object, doing: string) {
    const type = textOf(problem, 'type') ?? 'no type'
    super(`${doing}: ${type}: ${textOf(problem, 'detail') ?? 'no detail'}`)
    this.type = type
  }
}

export class AcmeClient {
  readonly key: AccountKey
  readonly #send: SendHttps
  readonly #directory: Directory
  #account: string | undefined
  #nonce: string | undefined

  private constructor(send: SendHttps, key: AccountKey, directory: Directory) {
    this.#send = send
    this.key = key
    this.#directory = directory
  }

  static async open(
    send: SendHttps,
    options: { readonly directoryUrl: string; readonly key: AccountKey; readonly contact: string },
  ): Promise<AcmeClient> {
    const { directoryUrl, key, contact } = options
    const answer = await send({ method: 'GET', url: directoryUrl })
    if (answer.status !== 200) throw failure(answer, 'directory')
    const directory = parseObject(answer.text)
    const client = new AcmeClient(send, key, {
      newNonce: fieldOf(directory, 'newNonce'),
      newAccount: fieldOf(directory, 'newAccount'),
      newOrder: fieldOf(directory, 'newOrder'),
    })
    await client.#openAccount(contact)
    return client
  }

  /** RFC 8555 §7.4 */
  newOrder(names: readonly string[]): Promise<AcmeAnswer> {
    const order = { identifiers: names.map((value) => ({ type: 'dns', value })) }
    return this.post(this.#directory.newOrder, order)
  }

  /** A signed request that succeeded; without a payload a POST-as-GET. Throws AcmeProblem when it is refused. */
  async post(url: string, payload?: object): Promise<AcmeAnswer> {
    const answer = await this.#post(url, payload)
    return { ...answer, value: parseObject(answer.text) }
  }

  /** RFC 8555 §7.4.2: PEM, the certificate first and its chain after it. */
  async download(url: string): Promise<string> {
    return (await this.#post(url, undefined)).text
  }

  // RFC 8555 §7.3, §7.3.1: an account that this key has already is answered with its address.
  async #openAccount(contact: string): Promise<void> {
    const answer = await this.post(this.#directory.newAccount, {
      termsOfServiceAgreed: true,
      ...(contact !== '' && { contact: [`mailto:${contact}`] }),
    })
    this.#account = locationOf(answer)
  }

  async #post(url: string, payload: object | undefined): Promise<HttpsAnswer> {
    for (let badNonces = 0; ; badNonces += 1) {
      const nonce = this.#nonce ?? (await this.#newNonce())
      this.#nonce = undefined
      const who = this.#account === undefined ? { jwk: this.key.jwk } : { kid: this.#account }
      const answer = await this.#send({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/jose+json' },
        body: this.key.sign({ nonce, url, ...who }, payload),
      })
      this.#nonce = nonceIn(answer)
      if (answer.status >= 200 && answer.status < 300) return answer
      const problem = failure(answer, new URL(url).pathname)
      const isBadNonce = problem instanceof AcmeProblem && problem.type === BAD_NONCE
      if (!isBadNonce || badNonces >= BAD_NONCES_MAX) throw problem
    }
  }

  // RFC 8555 §7.2
  async #newNonce(): Promise<string> {
    const answer = await this.#send({ method: 'HEAD', url: this.#directory.newNonce })
    const nonce = nonceIn(answer)
    if (nonce === undefined) throw failure(answer, 'newNonce')
    return nonce
  }
}

export function locationOf({ headers }: HttpsAnswer): string {
  if (headers.location === undefined) throw new TemporaryFailure('an answer without Location')
  return headers.location
}

function nonceIn({ headers }: HttpsAnswer): string | undefined {
  const nonce = headers['replay-nonce']
  return typeof nonce === 'string' ? nonce : undefined
}

function failure({ status, headers, text }: HttpsAnswer, doing: string): Error {
  return headers['content-type']?.startsWith('application/problem+json') === true
    ? new AcmeProblem(parseObject(text), doing)
    : new TemporaryFailure(`${doing}: unexpected HTTP status ${status}`)
}
