import { anyState, nothing } from '../command.ts'
import { replies } from '../replies.ts'

/** LOGOUT. RFC 5804 §2.3. What was pipelined behind it is not read any more. */
export const logout = anyState({ parse: nothing, run: () => replies.logout })
