import { completed, defineCommand, noArguments } from '../command.ts'

/** UNAUTHENTICATE: back to the state before the login; TLS and DEFLATE stay. RFC 8437 §3. */
export const unauthenticate = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: false,
  parse: noArguments,
  async run(session) {
    await session.unauthenticate()
    return completed('UNAUTHENTICATE')
  },
})
