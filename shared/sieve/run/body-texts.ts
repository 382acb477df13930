// What tests find in the body (RFC 5173): decoded and as Unicode, in pieces, as much as a test looks at. Kept for the next tests, which
// mostly look at the same.

import { charsetDecoder } from '#shared/mail/charset.ts'
import type { Part } from '#shared/mail/message-index.ts'
import { parameterValue } from '#shared/mail/mime-parameters.ts'
import { transferDecoder } from '#shared/mail/transfer-decoding.ts'
import { htmlText } from '#shared/message/html-text.ts'
import { BODY_BYTES_MAX } from '../limits.ts'
import type { SieveMessage } from '../message.ts'

/** Who pays for it: a run. */
type Payer = { spend(steps: number): void; pace(): Promise<void> | undefined }

/** Never empty ones among them. */
export type BodyText = { readonly pieces: readonly string[]; readonly bytes: number }

/** `shown`: of HTML what a reader sees. */
export type Reading = 'raw' | 'content' | 'shown'

/** Characters of all that is kept. */
const KEPT_CHARACTERS_MAX = 2 * BODY_BYTES_MAX
const PIECE_BYTES_MAX = 64 * 1024

export class BodyTexts {
  #kept = new WeakMap<object, Map<string, BodyText>>()
  #keptCharacters = 0

  /** `of`: what it is kept by. Bytes beyond `bytesMax` are not looked at. */
  async read(
    run: Payer,
    { of, reading, bytesMax }: { of: object; reading: Reading; bytesMax: number },
    stream: () => AsyncIterable<Uint8Array>,
    charset: string | null = null,
  ): Promise<BodyText> {
    const key = `${reading} ${bytesMax}`
    const kept = this.#kept.get(of)?.get(key)
    if (kept !== undefined) return kept
    const text = await readText(run, stream(), charset, bytesMax)
    const shown = reading === 'shown' ? shownText(text.pieces) : text.pieces
    const made = { pieces: shown, bytes: text.bytes }
    this.#keep(of, key, made)
    return made
  }

  #keep(of: object, key: string, text: BodyText): void {
    const characters = text.pieces.reduce((sum, piece) => sum + piece.length, 0)
    if (this.#keptCharacters + characters > KEPT_CHARACTERS_MAX) {
      this.#kept = new WeakMap()
      this.#keptCharacters = 0
    }
    const texts = this.#kept.get(of) ?? new Map<string, BodyText>()
    texts.set(key, text)
    this.#kept.set(of, texts)
    this.#keptCharacters += characters
  }
}

async function readText(
  run: Payer,
  stream: AsyncIterable<Uint8Array>,
  charset: string | null,
  bytesMax: number,
): Promise<BodyText> {
  const decoder = charsetDecoder(charset)
  const pieces: string[] = []
  const add = (text: string) => {
    if (text !== '') pieces.push(text)
  }
  let bytes = 0
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.length && bytes < bytesMax; at += PIECE_BYTES_MAX) {
      const end = Math.min(at + PIECE_BYTES_MAX, at + bytesMax - bytes)
      const piece = chunk.subarray(at, end)
      bytes += piece.length
      run.spend(1 + (piece.length >> 10))
      add(decoder.push(piece))
      const wait = run.pace()
      if (wait !== undefined) await wait
    }
    if (bytes >= bytesMax) break
  }
  add(decoder.finish())
  return { pieces, bytes }
}

/** Line ends of the source mean nothing in HTML. */
function shownText(html: readonly string[]): readonly string[] {
  const text = htmlText(html.join(''))
    .replace(/[ \t\r\n]+/g, ' ')
    .trim()
  return text === '' ? [] : [text]
}

/** The bytes of a leaf without their transfer encoding; of one that nobody knows as they are (RFC 5173 §5.2). */
export async function* decoded(
  run: Payer,
  message: SieveMessage,
  part: Part,
): AsyncGenerator<Uint8Array> {
  const decoder = transferDecoder(part.encoding) ?? transferDecoder('binary')
  for await (const chunk of message.content(part)) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES_MAX) {
      const piece = chunk.subarray(at, at + PIECE_BYTES_MAX)
      run.spend(1 + (piece.length >> 10))
      if (decoder) yield decoder.push(piece)
    }
  }
  if (decoder) yield decoder.finish()
}

/** Of text it is what the part says, else it is guessed. */
export function charsetOf(part: Part): string | null {
  return part.type === 'text' ? parameterValue(part.parameters, 'charset') : null
}
