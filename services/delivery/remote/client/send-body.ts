// The message behind DATA, in large pieces, as fast as the other side takes it.

import { MessageData } from './message-data.ts'
import type { Reply } from './reply.ts'
import { ConversationLost, type Wire } from './wire.ts'

/** What is written at once. */
const PIECE_BYTES = 65_536

/** The source has failed, or ended too early. */
export class MessageUnreadable extends Error {
  override readonly name = 'MessageUnreadable'
}

/** With its end. A reply that comes before that, also from who hung up behind it, is answered: then no end was sent. */
export async function sendBody(
  wire: Wire,
  source: AsyncIterable<Uint8Array>,
  timeoutMs: number,
): Promise<Reply | undefined> {
  const data = new MessageData({ stuffsDots: true })
  let waiting: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of readable(source)) {
    const piece = data.push(chunk)
    waiting.push(piece)
    bytes += piece.length
    if (bytes < PIECE_BYTES) continue
    wire.write(joined(waiting))
    waiting = []
    bytes = 0
    const early = await roomOrReply(wire, timeoutMs)
    if (early !== undefined) return early
  }
  waiting.push(Buffer.from(`${data.finish()}.\r\n`))
  // Where the connection is lost before, the message was not taken, which is worth knowing.
  const early = await roomOrReply(wire, timeoutMs)
  if (early !== undefined) return early
  wire.write(joined(waiting))
  return undefined
}

/** For BDAT: with all its line ends, and no dots added. */
export async function readWhole(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const data = new MessageData({ stuffsDots: false })
  const pieces: Uint8Array[] = []
  for await (const chunk of readable(source)) pieces.push(data.push(chunk))
  pieces.push(Buffer.from(data.finish()))
  return joined(pieces)
}

async function roomOrReply(wire: Wire, timeoutMs: number): Promise<Reply | undefined> {
  try {
    await wire.room(timeoutMs)
  } catch (error) {
    const early = error instanceof ConversationLost ? wire.early() : undefined
    if (early === undefined) throw error
    return early
  }
  return wire.early()
}

async function* readable(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source
  } catch (error) {
    throw new MessageUnreadable(error instanceof Error ? error.message : String(error))
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces)
}
