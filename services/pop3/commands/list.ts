import { optionalMessageNumber } from '../arguments.ts'
import { defineCommand, inTransaction } from '../command.ts'
import { replies } from '../replies.ts'
import { withMessage } from './with-message.ts'

/** LIST [msg]. RFC 1939 §5. */
export const list = defineCommand({
  state: inTransaction,
  parse: optionalMessageNumber,
  run(_, number, { maildrop }) {
    if (number !== undefined) {
      return withMessage(maildrop, number, ({ size }) => replies.single(`${number} ${size}`))
    }
    const lines = maildrop.lines((each, { size }) => `${each} ${size}`)
    return replies.scanListing(maildrop.count, maildrop.octets, lines)
  },
})
