import { optionalMessageNumber } from '../arguments.ts'
import { defineCommand, inTransaction } from '../command.ts'
import { octetsOf } from '../maildrop.ts'
import { replies } from '../replies.ts'
import { withMessage } from './with-message.ts'

/** LIST [msg]. RFC 1939 §5. */
export const list = defineCommand({
  state: inTransaction,
  parse: optionalMessageNumber,
  run(_, number, { maildrop }) {
    if (number !== undefined) {
      return withMessage(maildrop, number, (message) =>
        replies.single(`${number} ${octetsOf(message)}`),
      )
    }
    const lines = maildrop.lines((each, message) => `${each} ${octetsOf(message)}`)
    return replies.scanListing(maildrop.count, maildrop.octets, lines)
  },
})
