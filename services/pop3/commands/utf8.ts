import { nothing } from '../arguments.ts'
import { defineCommand, inAuthorization } from '../command.ts'
import { replies } from '../replies.ts'

/** UTF8. RFC 6856 §2.1. */
export const utf8 = defineCommand({
  state: inAuthorization,
  parse: nothing,
  run(session) {
    session.utf8 = true
    return replies.utf8Enabled
  },
})
