import { optionalMessageNumber } from '../arguments.ts'
import { defineCommand, inTransaction } from '../command.ts'
import { replies } from '../replies.ts'
import { withMessage } from './with-message.ts'

/** UIDL [msg]. RFC 1939 §7. */
export const uidl = defineCommand({
  state: inTransaction,
  parse: optionalMessageNumber,
  run(_, number, { maildrop }) {
    if (number !== undefined) {
      return withMessage(maildrop, number, (message) =>
        replies.single(`${number} ${maildrop.uniqueId(message)}`),
      )
    }
    return replies.uniqueIdListing(
      maildrop.lines((each, message) => `${each} ${maildrop.uniqueId(message)}`),
    )
  },
})
