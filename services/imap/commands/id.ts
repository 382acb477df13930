import { parseIdParameters } from '#shared/imap/id-parameters.ts'
import { completed, defineCommand } from '../command.ts'

/** In a session: once before the login, once after it. Whoever says it again and again must not fill the log. */
const LOGGED_MAX = 2
const VALUE_LOGGED_CHARACTERS_MAX = 100

/** ID: who the client is goes into the log, who we are comes back without a version. RFC 2971 §3.1. */
export const id = defineCommand({
  states: ['not-authenticated', 'authenticated', 'selected'],
  mayReportExpunge: true,
  parse(cursor) {
    cursor.space()
    return parseIdParameters(cursor)
  },
  run(session, parameters, wire) {
    if (parameters !== null && session.identified < LOGGED_MAX) {
      session.identified++
      const client = parameters.map(
        ({ field, value }): Parameter => [
          field,
          value?.slice(0, VALUE_LOGGED_CHARACTERS_MAX) ?? null,
        ],
      )
      session.logRepeated({ client: Object.fromEntries(client) }, 'client')
      const name = clientName(client)
      if (name !== '') session.identify(name)
    }
    wire.untagged('ID ("name" "Postwolke")')
    return completed('ID')
  },
})

type Parameter = readonly [field: string, value: string | null]

/** As people know it: `Thunderbird 140.5, Linux`. Field names are of any case (RFC 2971 §3.3). */
function clientName(parameters: readonly Parameter[]): string {
  const saying = (wanted: string) =>
    parameters.find(([field]) => field.toLowerCase() === wanted)?.[1] ?? ''
  const program = `${saying('name')} ${saying('version')}`.trim()
  return [program, saying('os')].filter((word) => word !== '').join(', ')
}
