import { completed, defineCommand, noArguments } from '../command.ts'
import { replies } from '../replies.ts'

/** LOGOUT. RFC 9051 §6.1.3. */
export const logout = defineCommand({
  states: ['not-authenticated', 'authenticated', 'selected'],
  mayReportExpunge: false,
  parse: noArguments,
  async run(session, _, wire) {
    await session.unselect()
    wire.untagged(replies.byeLogout)
    return { ...completed('LOGOUT'), after: 'close' }
  },
})
