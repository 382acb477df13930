// The client's side of SCRAM-SHA-256 (RFC 5802 §5), written from the RFC and on its own: nothing of the server's is used.

import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import type { Wire } from './wire.ts'

export type ScramClientOptions = {
  readonly login: string
  readonly password: string
  readonly nonce?: string
  /** `n`, `y`, or the kind and the bytes of a channel binding. */
  readonly binding?: 'n' | 'y' | { readonly name: string; readonly data: Uint8Array }
}

export class ScramClient {
  readonly first: string
  serverFirst = ''
  readonly #options: ScramClientOptions
  readonly #gs2: string
  readonly #bare: string
  #serverSignature = ''

  constructor(options: ScramClientOptions) {
    this.#options = options
    const { login, binding = 'n', nonce = randomBytes(18).toString('base64') } = options
    this.#gs2 = typeof binding === 'string' ? `${binding},,` : `p=${binding.name},,`
    this.#bare = `n=${login.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`
    this.first = this.#gs2 + this.#bare
  }

  final(serverFirst: string): string {
    this.serverFirst = serverFirst
    const { password, binding } = this.#options
    const [, nonce = '', salt = '', iterations = ''] =
      /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst) ?? []
    const data = typeof binding === 'object' ? binding.data : new Uint8Array()
    const channel = Buffer.concat([Buffer.from(this.#gs2), data]).toString('base64')
    const withoutProof = `c=${channel},r=${nonce}`
    const authMessage = `${this.#bare},${serverFirst},${withoutProof}`
    const bytes = Buffer.from(salt, 'base64')
    const salted = pbkdf2Sync(password, bytes, Number(iterations), 32, 'sha256')
    const clientKey = hmac(salted, 'Client Key')
    const signature = hmac(createHash('sha256').update(clientKey).digest(), authMessage)
    const proof = clientKey.map((byte, i) => byte ^ (signature[i] ?? 0))
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), authMessage).toString('base64')
    return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`
  }

  /** Whether the server knows the password too. */
  trusts(serverFinal: string): boolean {
    return serverFinal === `v=${this.#serverSignature}`
  }
}

const hmac = (key: Uint8Array, text: string) => createHmac('sha256', key).update(text).digest()

export type ScramOutcome = {
  /** The last line of the server. */
  readonly status: string
  /** Whether its signature was right; undefined when it sent none. */
  readonly trusted: boolean | undefined
}

/** What differs between the protocols. */
export type ScramDialogue = {
  readonly wire: Wire
  /** Sends the command, without an initial response. */
  begin(mechanism: string): void
  /** The challenge in a line, undefined when the line is the outcome. */
  challengeIn(line: string): string | undefined
  /** Whether a line is the outcome. */
  isOutcome(line: string): boolean
  /** The server's last word, where it stands in the outcome (RFC 5804 §2.1). */
  finalIn?(outcome: string): string | undefined
  /** Of the client's messages; undefined: bare base64. */
  write?(base64: string): void
}

export async function logInWithScram(
  dialogue: ScramDialogue,
  mechanism: string,
  client: ScramClient,
): Promise<ScramOutcome> {
  const { wire } = dialogue
  dialogue.begin(mechanism)
  let trusted: boolean | undefined
  const messages = ['first', 'final', 'end'] as const
  for (const message of messages) {
    const line = await nextLine(dialogue)
    const challenge = dialogue.challengeIn(line)
    if (challenge === undefined) {
      const final = dialogue.finalIn?.(line)
      if (final !== undefined) trusted = client.trusts(Buffer.from(final, 'base64').toString())
      return { status: line, trusted }
    }
    const said = Buffer.from(challenge, 'base64').toString()
    if (message === 'end') trusted = client.trusts(said)
    const text = message === 'first' ? client.first : message === 'final' ? client.final(said) : ''
    const base64 = Buffer.from(text).toString('base64')
    if (dialogue.write !== undefined) dialogue.write(base64)
    else wire.write(`${base64}\r\n`)
  }
  return { status: await nextLine(dialogue), trusted }
}

/** Challenge or outcome; untagged lines before it are dropped. */
async function nextLine(dialogue: ScramDialogue): Promise<string> {
  const bytes = await dialogue.wire.read((received) => {
    const text = received.toString('latin1')
    if (!text.endsWith('\r\n')) return false
    const last = lastLine(text)
    return dialogue.challengeIn(last) !== undefined || dialogue.isOutcome(last)
  })
  return lastLine(bytes.toString('latin1'))
}

const lastLine = (text: string): string => text.slice(0, -2).split('\r\n').at(-1) ?? ''

export const imapDialogue = (wire: Wire): ScramDialogue => ({
  wire,
  begin: (mechanism) => wire.write(`a1 AUTHENTICATE ${mechanism}\r\n`),
  challengeIn: (line) => /^\+ (.*)$/.exec(line)?.[1],
  isOutcome: (line) => line.startsWith('a1 '),
})

export const smtpDialogue = (wire: Wire): ScramDialogue => ({
  wire,
  begin: (mechanism) => wire.write(`AUTH ${mechanism}\r\n`),
  challengeIn: (line) => /^334 (.*)$/.exec(line)?.[1],
  isOutcome: (line) => /^\d{3} /.test(line),
})

export const pop3Dialogue = (wire: Wire): ScramDialogue => ({
  wire,
  begin: (mechanism) => wire.write(`AUTH ${mechanism}\r\n`),
  challengeIn: (line) => /^\+ (.*)$/.exec(line)?.[1],
  isOutcome: (line) => line.startsWith('+OK') || line.startsWith('-ERR'),
})

export const manageSieveDialogue = (wire: Wire): ScramDialogue => ({
  wire,
  begin: (mechanism) => wire.write(`AUTHENTICATE "${mechanism}"\r\n`),
  challengeIn: (line) => /^"([^"]*)"$/.exec(line)?.[1],
  isOutcome: (line) => /^(?:OK|NO|BYE)\b/.test(line),
  finalIn: (outcome) => /^OK \(SASL "([^"]*)"\)/.exec(outcome)?.[1],
  write: (base64) => wire.write(`"${base64}"\r\n`),
})
