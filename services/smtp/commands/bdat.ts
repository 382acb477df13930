// BDAT: a chunk of the message follows, counted. RFC 3030 §2. The chunk's bytes are taken whatever the answer is, so that
// they are never read as commands; a refused chunk ends the transaction.

import type { Reply } from '#shared/smtp/reply.ts'
import { LineEndCheck } from '#shared/text/line-ends.ts'
import { ChunkBody } from '../body.ts'
import { answerAndClose, defineCommand, type Outcome } from '../command.ts'
import { DRAINED_BYTES_MAX } from '../config.ts'
import { refusalOfData } from '../data-verdict.ts'
import { refusalOfDataByFilters } from '../dialogue.ts'
import { MessageReceipt } from '../message-receipt.ts'
import type { Receipt } from '../receipt.ts'
import { badLineEnd, replies } from '../replies.ts'
import type { SmtpSession } from '../session.ts'

const CRLF = Buffer.from('\r\n')

type Chunk = { readonly bytes: number; readonly isLast: boolean }

export const bdat = defineCommand({
  // The order is checked here: the chunk is skipped whatever is wrong.
  beforeHelo: true,
  beforeTls: true,
  parse: parseChunk,
  async run(session, chunk): Promise<Outcome> {
    // How many bytes to skip is unknown, and they must not be taken for commands.
    if (!chunk) return answerAndClose(replies.badChunk)
    // RFC 3030 §2 allows it, and it brings the message no further.
    if (chunk.bytes === 0 && !chunk.isLast) session.noteJunk()
    const { transaction } = session
    const refusal = outOfOrder(session)
    if (refusal || !transaction) return skip(chunk, refusal ?? replies.mailFirst)
    if (!transaction.receipt) {
      const denied =
        (await refusalOfData(session, transaction)) ??
        (await refusalOfDataByFilters(session, transaction))
      if (denied !== undefined) {
        // What stands behind the chunk may have been sent already, and may be judged otherwise.
        session.endTransaction()
        return skip(chunk, denied)
      }
    }
    // Its connection may be gone, and the transaction with it.
    if (session.transaction !== transaction) return skip(chunk, replies.mailFirst)
    transaction.receipt ??= new MessageReceipt(session, transaction)
    transaction.lineEnds ??= new LineEndCheck()
    const { receipt, lineEnds } = transaction
    const ended = () => end(session, { receipt, lineEnds }, chunk)
    return {
      kind: 'body',
      reply: undefined,
      body: new ChunkBody(chunk.bytes, { receipt, lineEnds }, ended),
    }
  },
})

// bdat-cmd = "BDAT" SP chunk-size [ SP end-marker ]
function parseChunk(text: string): Chunk | undefined {
  const match = /^ ([0-9]+)( LAST)?$/i.exec(text)
  const bytes = Number(match?.[1])
  // More than would be skipped of a refused message is not worth beginning with.
  if (!match || bytes > DRAINED_BYTES_MAX) return undefined
  return { bytes, isLast: match[2] !== undefined }
}

function outOfOrder(session: SmtpSession): Reply | undefined {
  const { transaction } = session
  if (!transaction) return replies.mailFirst
  if (transaction.recipients.length > 0) return undefined
  return transaction.anyRefused ? session.noValidRecipients : replies.rcptFirst
}

function skip(chunk: Chunk, reply: Reply): Outcome {
  return {
    kind: 'body',
    reply: undefined,
    body: new ChunkBody(chunk.bytes, undefined, async () => [reply]),
  }
}

async function end(
  session: SmtpSession,
  { receipt, lineEnds }: { readonly receipt: Receipt; readonly lineEnds: LineEndCheck },
  chunk: Chunk,
): Promise<readonly Reply[]> {
  if (chunk.isLast) {
    lineEnds.finish()
    if (lineEnds.fault) receipt.refuse(badLineEnd(lineEnds.fault))
    // RFC 5321 §2.3.8: a message is lines. As Postfix does, so that its size is the same wherever it is read.
    else if (!lineEnds.endsLine) receipt.push(CRLF)
  }
  if (!chunk.isLast && !receipt.refusal) return [replies.chunkOk(chunk.bytes)]
  const answers = await receipt.finish()
  session.endTransaction()
  // RFC 2033 §4.3: only the last chunk is answered for each recipient.
  return chunk.isLast ? answers : answers.slice(0, 1)
}
