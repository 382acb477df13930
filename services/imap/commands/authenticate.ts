import { decodeBase64, decodeInitialResponse, encodeBase64 } from '#shared/sasl/base64.ts'
import { createSaslExchange, findMechanism, sendsPassword } from '#shared/sasl/sasl-exchange.ts'
import { mayLogIn, mechanisms } from '../capabilities.ts'
import { type Completion, completed, defineCommand } from '../command.ts'
import { finishLogIn } from '../log-in.ts'
import { replies } from '../replies.ts'

/** AUTHENTICATE. RFC 9051 §6.2.2; initial response RFC 4959; the exchanges are in shared/sasl. */
export const authenticate = defineCommand({
  states: ['not-authenticated'],
  mayReportExpunge: false,
  parse(cursor) {
    cursor.space()
    const mechanism = cursor.atom()
    const initial = cursor.takesSpace() ? cursor.astring() : undefined
    return { mechanism, initial }
  },
  async run(session, { mechanism: name, initial }, wire): Promise<Completion> {
    const mechanism = findMechanism(name)
    if (mechanism !== undefined && sendsPassword(mechanism) && !mayLogIn(session)) {
      return replies.privacyRequired
    }
    if (mechanism === undefined || !mechanisms(session).includes(mechanism)) {
      return { status: 'NO', code: 'CANNOT', text: 'Authentication mechanism not offered' }
    }
    const { remoteAddress, channelBindings } = session.transport
    const { authenticator } = session.deps
    const context = { authenticator, service: 'imap', remoteAddress, channelBindings } as const
    const exchange = createSaslExchange(mechanism, context)
    let response = initial === undefined ? undefined : decodeInitialResponse(initial)
    if (initial !== undefined && response === undefined) return malformed
    for (;;) {
      const step = await exchange.step(response)
      if (step.kind === 'malformed') return malformed
      if (step.kind === 'finished') return finishLogIn(session, step, completed('AUTHENTICATE'))
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
