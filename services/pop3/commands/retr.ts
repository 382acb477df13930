import { messageNumber } from '../arguments.ts'
import { defineCommand, inTransaction } from '../command.ts'
import { octetsOf } from '../maildrop.ts'
import { replies } from '../replies.ts'
import { withMessage, withOpenMessage } from './with-message.ts'

/** RETR msg. RFC 1939 §5. */
export const retr = defineCommand({
  state: inTransaction,
  parse: messageNumber,
  run: (session, number, { maildrop }) =>
    withMessage(maildrop, number, (message) =>
      withOpenMessage(session, message, (opened) => {
        session.counts.retrieved += 1
        return replies.message(opened, octetsOf(message))
      }),
    ),
})
