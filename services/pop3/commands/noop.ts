import { nothing } from '../arguments.ts'
import { defineCommand, inTransaction } from '../command.ts'
import { replies } from '../replies.ts'

/** NOOP. RFC 1939 §5. */
export const noop = defineCommand({
  state: inTransaction,
  parse: nothing,
  run: () => replies.done,
})
