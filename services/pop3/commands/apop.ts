import { optionalText } from '../arguments.ts'
import { defineCommand, inAuthorization } from '../command.ts'
import { replies } from '../replies.ts'

/** APOP name digest. RFC 1939 §7: optional; it would need the password itself, and only hashes are stored. */
export const apop = defineCommand({
  state: inAuthorization,
  parse: optionalText,
  run: () => replies.apopUnsupported,
})
