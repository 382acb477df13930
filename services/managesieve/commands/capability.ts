import { capabilityLines } from '../capabilities.ts'
import { anyState, nothing } from '../command.ts'
import { replies } from '../replies.ts'

/** CAPABILITY. RFC 5804 §2.4. */
export const capability = anyState({
  parse: nothing,
  run: (session) => ({ ...replies.done, data: capabilityLines(session) }),
})
