// A DKIM-Signature field (RFC 6376 §3.5, §3.7; RFC 8463 §3), or the one of ARC that is like it (RFC 8617 §4.1.2): relaxed/relaxed, without l=.

import { createHash, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import type { SigningAlgorithm } from '#shared/directory/signing-keys.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import { relaxed } from './signed-header.ts'

export type Signer = {
  /** A-labels. */
  readonly domain: string
  readonly selector: string
  readonly algorithm: SigningAlgorithm
  readonly key: KeyObject
}

const signInPool = promisify(sign)

/** Base64. In libuv's pool: RSA takes most of a millisecond. */
export async function signatureOf(data: ByteString, { algorithm, key }: Signer): Promise<string> {
  const bytes = Buffer.from(data, 'latin1')
  const signature =
    algorithm === 'rsa'
      ? await signInPool('sha256', bytes, key)
      : // RFC 8463 §3: PureEdDSA of the hash.
        await signInPool(null, createHash('sha256').update(bytes).digest(), key)
  return signature.toString('base64')
}

export type SignatureFacts = {
  /** What comes first: `v=1`, or `i=` of ARC. */
  readonly first: string
  readonly name: 'DKIM-Signature' | 'ARC-Message-Signature'
  /** Each as often as it is signed. */
  readonly names: readonly string[]
  /** The fields of these names as they are signed. */
  readonly canonical: ByteString
  readonly bodyHash: string
  readonly atMs: number
}

/** The field with its line end. */
export async function signatureField(facts: SignatureFacts, signer: Signer): Promise<ByteString> {
  const { domain, selector, algorithm } = signer
  const tags = [
    facts.first,
    `a=${algorithm}-sha256`,
    'c=relaxed/relaxed',
    `d=${domain}`,
    `s=${selector}`,
    `t=${Math.floor(facts.atMs / 1_000)}`,
    `h=${foldedNames(facts.names)}`,
    `bh=${facts.bodyHash}`,
    'b=',
  ]
  const value = folded(tags)
  const unsigned = relaxed({ name: facts.name.toLowerCase(), body: value })
  // RFC 6376 §3.7: itself last, without its line end.
  const signature = await signatureOf(facts.canonical + unsigned.slice(0, -2), signer)
  return `${facts.name}:${value}${wrapped(signature)}\r\n`
}

const LINE_CHARACTERS = 76
/** Of a signature, behind its tag. */
const FIRST_PIECE = 38
const NEXT_PIECES = 72

/** ` tag; tag;\r\n\ttag`: a tag that does not fit on the line goes to the next one, the last with the beginning of what comes behind it. */
export function folded(tags: readonly string[]): ByteString {
  let text = ''
  let column = LINE_CHARACTERS / 4
  for (const [at, tag] of tags.entries()) {
    const word = at === tags.length - 1 ? tag : `${tag};`
    const first = (word.split('\r\n', 1)[0] ?? '').length
    const more = at === tags.length - 1 ? FIRST_PIECE : 0
    const fits = at === 0 || column + 1 + first + more <= LINE_CHARACTERS
    text += fits ? ` ${word}` : `\r\n\t${word}`
    column = word.includes('\r\n')
      ? word.length - word.lastIndexOf('\n')
      : (fits ? column : 0) + 1 + word.length
  }
  return text
}

/** A folded `h=` may be so at its colons (RFC 6376 §3.5). */
function foldedNames(names: readonly string[]): string {
  let text = ''
  let column = 2
  for (const [at, name] of names.entries()) {
    const isFull = column + name.length + 1 > LINE_CHARACTERS
    text += `${at === 0 ? '' : ':'}${isFull ? '\r\n\t ' : ''}${name}`
    column = (isFull ? 2 : column) + name.length + 1
  }
  return text
}

/** White space in `b=` is none of it. */
export function wrapped(signature: string): string {
  const lines: string[] = [signature.slice(0, FIRST_PIECE)]
  for (let at = FIRST_PIECE; at < signature.length; at += NEXT_PIECES) {
    lines.push(signature.slice(at, at + NEXT_PIECES))
  }
  return lines.join('\r\n\t')
}
