import type { OpenMessage } from '#shared/contracts/mailbox.ts'
import { asBuffer } from '#shared/runtime/bytes.ts'
import { messageNumberAndLines } from '../arguments.ts'
import { defineCommand, inTransaction } from '../command.ts'
import { replies } from '../replies.ts'
import { withMessage, withOpenMessage } from './with-message.ts'

const LF = 0x0a

/** TOP msg n. RFC 1939 §7: the header, its empty line and so many lines of the body, all of it when it has fewer. */
export const top = defineCommand({
  state: inTransaction,
  parse: messageNumberAndLines,
  run: (session, { number, lines }, { maildrop }) =>
    withMessage(maildrop, number, (message) =>
      withOpenMessage(session, message, (opened) => {
        session.counts.topped += 1
        return replies.top(topOf(opened, lines))
      }),
    ),
})

async function* topOf(message: OpenMessage, lines: number): AsyncIterable<Uint8Array> {
  // Only what has no body can lack the empty line.
  if (message.headerBytes === message.size) yield* endedHeader(message)
  else if (lines === 0) yield* message.stream(0, message.headerBytes)
  else yield* headerAndLines(message, lines)
}

/** RFC 1939 §7: "the headers of the message, the blank line separating the headers from the body". */
async function* endedHeader(message: OpenMessage): AsyncIterable<Uint8Array> {
  let end = '\r\n'
  for await (const chunk of message.stream()) {
    end = (end + asBuffer(chunk.subarray(-END_BYTES)).toString('latin1')).slice(-END_BYTES)
    yield chunk
  }
  if (/(?:^|\n)\r?\n$/.test(end) && message.size > 0) return
  yield Buffer.from(end.endsWith('\n') ? '\r\n' : '\r\n\r\n')
}

/** Enough to see an empty line. */
const END_BYTES = 4

/** Stops reading the message as soon as it has enough. */
async function* headerAndLines(message: OpenMessage, lines: number): AsyncIterable<Uint8Array> {
  let headerLeft = message.headerBytes
  let linesLeft = lines
  for await (const chunk of message.stream()) {
    const bodyStart = Math.min(headerLeft, chunk.length)
    headerLeft -= bodyStart
    let end = bodyStart
    while (linesLeft > 0 && end < chunk.length) {
      const lineEnd = chunk.indexOf(LF, end)
      end = lineEnd < 0 ? chunk.length : lineEnd + 1
      if (lineEnd >= 0) linesLeft -= 1
    }
    yield end === chunk.length ? chunk : chunk.subarray(0, end)
    if (linesLeft === 0) return
  }
}
