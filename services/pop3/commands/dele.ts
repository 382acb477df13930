import { messageNumber } from '../arguments.ts'
import { defineCommand, inTransaction } from '../command.ts'
import { replies } from '../replies.ts'
import { withMessage } from './with-message.ts'

/** DELE msg. RFC 1939 §5: only marks; QUIT removes. */
export const dele = defineCommand({
  state: inTransaction,
  parse: messageNumber,
  run: (_, number, { maildrop }) =>
    withMessage(maildrop, number, (message) => {
      maildrop.markDeleted(number, message)
      return replies.deleted(number)
    }),
})
