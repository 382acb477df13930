import { unreachable } from '#shared/runtime/errors.ts'
import { decodeBase64, decodeInitialResponse, encodeBase64 } from '#shared/sasl/base64.ts'
import { createSaslExchange, findMechanism, sendsPassword } from '#shared/sasl/sasl-exchange.ts'
import type { SaslExchange } from '#shared/sasl/sasl-steps.ts'
import { optionalText } from '../arguments.ts'
import { defineCommand, inAuthorization } from '../command.ts'
import { finishLogIn, guard } from '../login.ts'
import { type Reply, replies } from '../replies.ts'
import type { Session } from '../session.ts'

/** AUTH [mechanism [initial-response]]. RFC 5034 §4; without a mechanism it lists them, as clients expect. */
export const auth = defineCommand({
  state: inAuthorization,
  parse: optionalText,
  run(session, argument) {
    if (argument === undefined) return replies.mechanisms(session.mechanisms)
    const [name = '', initialResponse] = argument.split(' ', 2)
    const mechanism = findMechanism(name)
    if (mechanism !== undefined && sendsPassword(mechanism) && !session.plaintextAllowed) {
      return replies.plaintextDisabled
    }
    if (mechanism === undefined || !session.mechanisms.includes(mechanism)) {
      return replies.unknownMechanism
    }
    const { remoteAddress, channelBindings } = session.transport
    const { authenticator } = session.deps
    const context = { authenticator, service: 'pop3', remoteAddress, channelBindings } as const
    const exchange = createSaslExchange(mechanism, context)
    return initialResponse === undefined
      ? step(session, exchange, undefined)
      : answer(session, exchange, decodeInitialResponse(initialResponse))
  },
})

function answer(
  session: Session,
  exchange: SaslExchange,
  response: Uint8Array | undefined,
): Reply | Promise<Reply> {
  return response === undefined ? replies.authMalformed : step(session, exchange, response)
}

function step(
  session: Session,
  exchange: SaslExchange,
  response: Uint8Array | undefined,
): Promise<Reply> {
  return guard(session, async () => {
    const outcome = await exchange.step(response)
    switch (outcome.kind) {
      case 'challenge':
        return replies.challenge(encodeBase64(outcome.data), (line) =>
          line === '*' ? replies.authCancelled : answer(session, exchange, decodeBase64(line)),
        )
      case 'finished':
        return finishLogIn(session, outcome)
      case 'malformed':
        return replies.authMalformed
      default:
        return unreachable(outcome)
    }
  })
}
