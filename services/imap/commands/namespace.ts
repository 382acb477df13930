import { completed, defineCommand, noArguments } from '../command.ts'
import { DELIMITER } from '../folder-names.ts'

/** NAMESPACE: all mailboxes are personal ones, and their names have no prefix. RFC 9051 §6.3.10, RFC 2342. */
export const namespace = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse: noArguments,
  run(_session, _, wire) {
    wire.untagged(`NAMESPACE (("" "${DELIMITER}")) NIL NIL`)
    return completed('NAMESPACE')
  },
})
