// The last step of what leaves: reads it once, with its body past the hash, and puts in front what is made of its header and that hash.
// A small message is held, so that the store is read once; a larger one is read again when it is sent.

import { createHash } from 'node:crypto'
import { BodyDigest, CanonicalBody } from '#shared/mail/body-hash.ts'
import { emptyLineBytes } from '#shared/mail/header-field.ts'
import { HEADER_INDEXED_BYTES_MAX } from '#shared/mail/message-index.ts'
import { turns } from '#shared/runtime/turns.ts'
import { MessageData } from '../client/message-data.ts'
import type { HostTakes, OutboundForm, OutboundStep } from '../outbound-form.ts'
import { type SignedField, signedFields } from './signed-header.ts'

/** What is held of a message between its signature and its end. */
export const HELD_BYTES_MAX = 256 * 1024
/** A message with a longer header is not signed. */
export const SIGNED_HEADER_BYTES_MAX = HEADER_INDEXED_BYTES_MAX

export type FieldsInFront = {
  /** Before the body is read: whether it is worth it. */
  isWanted(fields: readonly SignedField[]): boolean | Promise<boolean>
  /** '' for none. */
  make(fields: readonly SignedField[], bodyHash: string): Promise<string>
  /** What was found before of this form; undefined: to be found out. */
  knownBodyHash(host: HostTakes): string | undefined
  learnBodyHash(host: HostTakes, hash: string): void
}

export function putInFront(front: FieldsInFront): OutboundStep {
  return async (form, host) => {
    const reading = new Reading({ ...form, object: () => withLineEnds(form.object()) })
    try {
      const fields = await reading.header()
      if (fields === undefined || !(await front.isWanted(fields))) return await reading.form()
      const known = front.knownBodyHash(host)
      const bodyHash = known ?? (await reading.bodyHash())
      if (known === undefined) front.learnBodyHash(host, bodyHash)
      const made = await front.make(fields, bodyHash)
      const { fields: own, object, declaredBytes } = await reading.form()
      return { fields: made + own, object, declaredBytes: declaredBytes + made.length }
    } finally {
      await reading.end()
    }
  }
}

/** As it will be sent: a line end of another kind would be mended behind the signature, and break it. */
async function* withLineEnds(object: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const data = new MessageData({ stuffsDots: false })
  for await (const chunk of object) yield data.push(chunk)
  const rest = data.finish()
  if (rest !== '') yield Buffer.from(rest)
}

/** One pass over a form: its header first, and as much of the rest as is wanted. */
class Reading {
  readonly #form: OutboundForm
  readonly #source: AsyncIterator<Uint8Array>
  /** Of the object, as far as it was read; undefined once that is too much. */
  #held: Uint8Array[] | undefined = []
  #heldBytes = 0
  #isRead = false
  /** Of the body, what came with the header. */
  #rest: Uint8Array = new Uint8Array()

  constructor(form: OutboundForm) {
    this.#form = form
    this.#source = form.object()[Symbol.asyncIterator]()
  }

  async #next(): Promise<Uint8Array | undefined> {
    const { value, done } = await this.#source.next()
    if (done) {
      this.#isRead = true
      return undefined
    }
    this.#heldBytes += value.length
    if (this.#heldBytes > HELD_BYTES_MAX) this.#held = undefined
    // It may be somebody else's afterwards.
    else this.#held?.push(Buffer.from(value))
    return value
  }

  /** Undefined where it is too long. */
  async header(): Promise<readonly SignedField[] | undefined> {
    let text = this.#form.fields
    let from = 0
    for (;;) {
      const found = headerEnd(text, from)
      if (found.kind === 'end') {
        this.#rest = Buffer.from(text.slice(found.bodyAt), 'latin1')
        return signedFields(text.slice(0, found.at))
      }
      from = found.from
      if (text.length > SIGNED_HEADER_BYTES_MAX) return undefined
      const chunk = await this.#next()
      // A message that is all header.
      if (chunk === undefined) return signedFields(text)
      text += Buffer.from(chunk).toString('latin1')
    }
  }

  async bodyHash(): Promise<string> {
    const digest = new BodyDigest('sha256', Number.POSITIVE_INFINITY)
    const body = new CanonicalBody('relaxed')
    body.digests.push(digest)
    for (let chunk: Uint8Array | undefined = this.#rest; chunk; chunk = await this.#next()) {
      for (let at = 0; at < chunk.length; at += PIECE_BYTES_MAX) {
        body.push(chunk.subarray(at, at + PIECE_BYTES_MAX))
        const wait = turns.step()
        if (wait) await wait
      }
    }
    body.finish()
    return digest.digest('base64')
  }

  /** The very form; without asking the store again where all of it is here, or soon will be. */
  async form(): Promise<OutboundForm> {
    if (this.#form.declaredBytes <= HELD_BYTES_MAX) while (await this.#next());
    const held = this.#held
    if (!this.#isRead || held === undefined) return this.#form
    return {
      ...this.#form,
      async *object() {
        yield* held
      },
    }
  }

  async end(): Promise<void> {
    if (!this.#isRead) await this.#source.return?.()
  }
}

/** A few milliseconds of work at most. */
const PIECE_BYTES_MAX = 64 * 1024

/** Looks at lines from `from` on, which begins one. */
function headerEnd(
  text: string,
  from: number,
):
  | { readonly kind: 'end'; readonly at: number; readonly bodyAt: number }
  | { readonly kind: 'more'; readonly from: number } {
  for (let at = from; ; ) {
    const empty = emptyLineBytes(text, at)
    if (empty > 0) return { kind: 'end', at, bodyAt: at + empty }
    const next = text.indexOf('\n', at) + 1
    if (next === 0) return { kind: 'more', from: at }
    at = next
  }
}

/** A name for a cache: what it is made of, in few characters. */
export const digestOf = (...texts: readonly string[]): string => {
  const hash = createHash('sha256')
  for (const text of texts) hash.update(`${text.length} ${text}`, 'latin1')
  return hash.digest('base64')
}
