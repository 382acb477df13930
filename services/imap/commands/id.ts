import { parseIdParameters } from '#shared/imap/id-parameters.ts'
import { completed, defineCommand } from '../command.ts'

/** ID: who the client is goes into the log, who we are comes back without a version. RFC 2971 §3.1. */
export const id = defineCommand({
  states: ['not-authenticated', 'authenticated', 'selected'],
  mayReportExpunge: true,
  parse(cursor) {
    cursor.space()
    return parseIdParameters(cursor)
  },
  run(session, parameters, wire) {
    if (parameters !== null) {
      session.log.info(
        { client: Object.fromEntries(parameters.map((p) => [p.field, p.value])) },
        'client',
      )
    }
    wire.untagged('ID ("name" "Postwolke")')
    return completed('ID')
  },
})
