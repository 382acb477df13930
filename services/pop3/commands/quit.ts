import { nothing } from '../arguments.ts'
import { defineCommand, inEither } from '../command.ts'
import { replies } from '../replies.ts'

/**
 * QUIT. RFC 1939 §4 and §6. It waits until the messages replied before it have left: a client that pipelined RETR, DELE and
 * QUIT and then broke down must not find removed what it never received.
 */
export const quit = defineCommand({
  waitsForOutput: true,
  state: inEither,
  parse: nothing,
  async run(session, _, state) {
    if (state.kind === 'AUTHORIZATION') return replies.bye
    try {
      await session.update(state)
      return replies.bye
    } catch (error) {
      // Whatever it was, the client must learn that messages are still there, and the session ends in any case.
      session.log.error({ error }, 'deleted messages not removed')
      return replies.notAllRemoved
    }
  },
})
