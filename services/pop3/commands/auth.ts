import { unreachable } from '#shared/runtime/errors.ts'
import { decodeBase64, decodeInitialResponse, encodeBase64 } from '#shared/sasl/base64.ts'
import { createSaslServer, type SaslServer } from '#shared/sasl/sasl-server.ts'
import { optionalText } from '../arguments.ts'
import { defineCommand, inAuthorization } from '../command.ts'
import { logIn } from '../login.ts'
import { type Reply, replies } from '../replies.ts'
import type { Session } from '../session.ts'

/** AUTH [mechanism [initial-response]]. RFC 5034 §4; without a mechanism it lists them, as clients expect. */
export const auth = defineCommand({
  state: inAuthorization,
  parse: optionalText,
  run(session, argument) {
    if (argument === undefined) return replies.mechanisms(session.plaintextAllowed ? ['PLAIN'] : [])
    const [mechanism = '', initialResponse] = argument.split(' ', 2)
    if (mechanism.toUpperCase() !== 'PLAIN') return replies.unknownMechanism
    if (!session.plaintextAllowed) return replies.plaintextDisabled
    const server = createSaslServer('PLAIN')
    return initialResponse === undefined
      ? step(session, server, undefined)
      : answer(session, server, decodeInitialResponse(initialResponse))
  },
})

function answer(
  session: Session,
  server: SaslServer,
  response: Uint8Array | undefined,
): Reply | Promise<Reply> {
  return response === undefined ? replies.authMalformed : step(session, server, response)
}

function step(
  session: Session,
  server: SaslServer,
  response: Uint8Array | undefined,
): Reply | Promise<Reply> {
  const outcome = server.step(response)
  switch (outcome.kind) {
    case 'challenge':
      return replies.challenge(encodeBase64(outcome.data), (line) =>
        line === '*' ? replies.authCancelled : answer(session, server, decodeBase64(line)),
      )
    case 'credentials':
      return logIn(session, outcome.login, outcome.password)
    case 'malformed':
      return replies.authMalformed
    default:
      return unreachable(outcome)
  }
}
