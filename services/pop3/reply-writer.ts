// Writes replies: small ones in one piece, long ones with bounded memory.

import type { Output } from '#shared/net/output.ts'
import { turns } from '#shared/runtime/turns.ts'
import { COALESCED_BYTES_MAX, LISTING_LINES_PER_WRITE } from './config.ts'
import { DotStuffing } from './dot-stuffing.ts'
import type { Reply } from './replies.ts'

type Listing = Reply & { readonly kind: 'listing' }
type MessageReply = Reply & { readonly kind: 'message' }

/** A message could not be read to its end. */
export class MessageUnreadable extends Error {
  override readonly name = 'MessageUnreadable'
  /** Whether the client has got a part of it already. */
  readonly begun: boolean
  constructor(begun: boolean, cause: unknown) {
    super('message could not be read to its end', { cause })
    this.begun = begun
  }
}

export async function writeListing(output: Output, { status, lines }: Listing): Promise<void> {
  let text = `${status}\r\n`
  let count = 0
  for (const line of lines) {
    text += `${line}\r\n`
    count += 1
    if (count % LISTING_LINES_PER_WRITE === 0) {
      output.write(text)
      text = ''
      await output.room()
      await turns.step()
      if (output.closed) return
    }
  }
  output.write(`${text}.\r\n`)
}

/** Resolves to the bytes sent of the message, before stuffing. Rejects with MessageUnreadable. */
export async function writeMessage(output: Output, reply: MessageReply): Promise<number> {
  const stuffing = new DotStuffing()
  let pieces: Uint8Array[] = [Buffer.from(`${reply.status}\r\n`)]
  let bytes = 0
  let octets = 0
  let begun = false
  try {
    for await (const chunk of reply.body) {
      const wait = turns.step()
      if (wait !== undefined) await wait
      const piece = stuffing.push(chunk)
      pieces.push(piece)
      octets += chunk.length
      bytes += piece.length
      if (bytes < COALESCED_BYTES_MAX) continue
      for (const each of pieces) output.write(each)
      begun = true
      pieces = []
      bytes = 0
      await output.room()
      if (output.closed) return octets
    }
    if (reply.octets !== null && octets !== reply.octets) {
      throw new Error(`message of ${reply.octets} bytes ended after ${octets}`)
    }
  } catch (cause) {
    throw new MessageUnreadable(begun, cause)
  }
  pieces.push(stuffing.finish())
  output.write(pieces.length === 1 ? stuffing.finish() : Buffer.concat(pieces))
  return octets
}
