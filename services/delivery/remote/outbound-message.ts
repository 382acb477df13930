// A queued message as it leaves: the header fields that were added, the object's bytes, and what of SMTP's extensions they need. That is
// found in the bytes; what was said in MAIL when it came does not count, but for one thing: 8-bit header fields of whom did not ask for
// SMTPUTF8 are sent as they are to anybody, as Postfix does.

import { headerFields } from '#shared/mail/header-field.ts'
import { decodeIndex } from '#shared/mail/index-codec.ts'
import { HEADER_INDEXED_BYTES_MAX } from '#shared/mail/message-index.ts'
import { openMessage } from '#shared/mailbox/open-message.ts'
import { blobOf } from '#shared/queue/blob.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import { hasEightBitHeader, toSevenBit } from './seven-bit.ts'
import type { MessageForm } from './transfer.ts'

/** `added`: byte string, the message's trace fields first. */
export function outgoing(message: QueuedMessage, added: string, objects: ObjectStore) {
  const open = openMessage(objects, blobOf(message, added), '')
  const { eightBit, structure, lineBytesMax } = decodeIndex(message.index)
  const completed = added.slice(message.prepend.length)

  async function* stored(length = open.size - added.length) {
    let bytes = 0
    for await (const chunk of open.stream(added.length, length)) {
      bytes += chunk.length
      yield chunk
    }
    if (bytes !== length) throw new Error(`${bytes} bytes instead of ${length}`)
  }

  return {
    bytes: open.size,
    isEightBit: eightBit || !isAscii(completed),

    async needsSmtpUtf8(): Promise<boolean> {
      if (!isAscii(completed)) return true
      return message.envelope.smtpUtf8 && eightBit && (await hasEightBitHeader(stored, structure))
    },

    /** Where to fold its lines; undefined where that is not needed, or would break its signature. */
    async foldAt(limit: number): Promise<number | undefined> {
      const longest = Math.max(lineBytesMax, ...added.split('\r\n').map(({ length }) => length))
      if (limit === 0 || longest <= limit) return undefined
      if (structure.type === 'multipart' && structure.subtype === 'signed') return undefined
      const header: Uint8Array[] = []
      const headerBytes = Math.min(open.headerBytes, HEADER_INDEXED_BYTES_MAX)
      for await (const piece of open.stream(0, headerBytes)) header.push(piece)
      const isSigned = headerFields(Buffer.concat(header)).some(
        ({ name }) => name.toLowerCase() === 'dkim-signature',
      )
      return isSigned ? undefined : limit
    },

    async *read({ smtpUtf8, sevenBit }: MessageForm): AsyncGenerator<Uint8Array, void> {
      // RFC 6531 §3.7.3 wants addresses in trace fields in UTF-8 only where SMTPUTF8 is used. As long as before, as SIZE was told.
      const trace = smtpUtf8 ? message.prepend : message.prepend.replace(/[^\x00-\x7f]/g, '?')
      yield Buffer.from(trace + completed, 'latin1')
      yield* sevenBit && eightBit ? toSevenBit(stored, structure) : stored()
    },
  }
}

function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text)
}
