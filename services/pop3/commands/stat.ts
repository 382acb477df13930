import { nothing } from '../arguments.ts'
import { defineCommand, inTransaction } from '../command.ts'
import { replies } from '../replies.ts'

/** STAT. RFC 1939 §5: messages marked deleted are not counted. */
export const stat = defineCommand({
  state: inTransaction,
  parse: nothing,
  run: (_, __, { maildrop }) => replies.status(maildrop.count, maildrop.octets),
})
