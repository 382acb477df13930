import { decodeBase64, decodeInitialResponse, encodeBase64 } from '#shared/sasl/base64.ts'
import { createSaslServer, findMechanism } from '#shared/sasl/sasl-server.ts'
import { type Completion, completed, defineCommand } from '../command.ts'
import { logIn } from '../log-in.ts'

/** AUTHENTICATE with PLAIN or LOGIN. RFC 9051 §6.2.2; initial response RFC 4959. */
export const authenticate = defineCommand({
  states: ['not-authenticated'],
  mayReportExpunge: false,
  parse(cursor) {
    cursor.space()
    const mechanism = cursor.atom()
    const initial = cursor.takes(' ') ? cursor.astring() : undefined
    return { mechanism, initial }
  },
  async run(session, { mechanism, initial }, wire): Promise<Completion> {
    const found = findMechanism(mechanism)
    if (found === undefined) {
      return { status: 'NO', code: 'CANNOT', text: 'Authentication mechanism not offered' }
    }
    const server = createSaslServer(found)
    let response = initial === undefined ? undefined : decodeInitialResponse(initial)
    if (initial !== undefined && response === undefined) return malformed
    for (;;) {
      const step = server.step(response)
      if (step.kind === 'malformed') return malformed
      if (step.kind === 'credentials') return logIn(session, step, completed('AUTHENTICATE'))
      wire.continuation(encodeBase64(step.data))
      const line = await wire.readLine()
      if (line === undefined) return malformed
      const text = line.toString('latin1')
      if (text === '*') return { status: 'BAD', text: 'Authentication cancelled' }
      response = decodeBase64(text)
      if (response === undefined) return malformed
    }
  },
})

const malformed: Completion = { status: 'BAD', text: 'Malformed authentication response' }
