import { OTHER_USERS, SHARED } from '../access/namespaces.ts'
import { completed, defineCommand, noArguments } from '../command.ts'
import { DELIMITER } from '../folder-names.ts'

/** NAMESPACE: one's own mailboxes without a prefix, those of others and shared ones below their names. RFC 9051 §6.3.10, RFC 2342. */
export const namespace = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse: noArguments,
  run(_session, _, wire) {
    const [own, others, shared] = ['', OTHER_USERS + DELIMITER, SHARED + DELIMITER].map(
      (prefix) => `(("${prefix}" "${DELIMITER}"))`,
    )
    wire.untagged(`NAMESPACE ${own} ${others} ${shared}`)
    return completed('NAMESPACE')
  },
})
