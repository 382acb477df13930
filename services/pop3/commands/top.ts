import type { OpenMessage } from '#shared/contracts/mailbox.ts'
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

/** Stops reading the message as soon as it has enough. */
async function* topOf(message: OpenMessage, lines: number): AsyncIterable<Uint8Array> {
  if (lines === 0) return yield* message.stream(0, message.headerBytes)
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
