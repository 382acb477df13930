import { advertise } from '../capabilities.ts'
import { completed, defineCommand, noArguments } from '../command.ts'

/** CAPABILITY. RFC 9051 §6.1.1. */
export const capability = defineCommand({
  states: ['not-authenticated', 'authenticated', 'selected'],
  mayReportExpunge: true,
  parse: noArguments,
  run(session, _, wire) {
    wire.untagged(`CAPABILITY ${advertise(session)}`)
    return completed('CAPABILITY')
  },
})
