import { nothing } from '../arguments.ts'
import { defineCommand, inTransaction } from '../command.ts'
import { replies } from '../replies.ts'

/** RSET. RFC 1939 §5. */
export const rset = defineCommand({
  state: inTransaction,
  parse: nothing,
  run(_, __, { maildrop }) {
    maildrop.unmarkAll()
    return replies.done
  },
})
