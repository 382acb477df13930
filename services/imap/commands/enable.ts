import { parseCapabilities } from '#shared/imap/enable-arguments.ts'
import { completed, defineCommand } from '../command.ts'
import type { Extension } from '../extension.ts'

/** ENABLE. RFC 9051 §6.3.1, RFC 5161; what each switches on: RFC 7162 §3.2.3, RFC 6855 §3, RFC 9586 §3.2. */
export const enable = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse: parseCapabilities,
  run(session, wanted, wire) {
    const switched: Extension[] = []
    for (const name of wanted) {
      const extension = known.find((candidate) => candidate === name)
      if (extension === undefined || session.enabled.has(extension)) continue
      // Enabled below, with what that tells.
      if (extension !== 'CONDSTORE') session.enabled.add(extension)
      switched.push(extension)
    }
    wire.untagged(['ENABLED', ...switched].join(' '))
    // QRESYNC means CONDSTORE too (RFC 7162 §3.2.3).
    if (switched.some((name) => name === 'CONDSTORE' || name === 'QRESYNC')) {
      session.enableCondstore(wire)
    }
    return completed('ENABLE')
  },
})

const known: readonly Extension[] = ['CONDSTORE', 'QRESYNC', 'UTF8=ACCEPT', 'IMAP4REV2', 'UIDONLY']
