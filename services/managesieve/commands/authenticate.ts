import { unreachable } from '#shared/runtime/errors.ts'
import { decodeBase64, decodeInitialResponse, encodeBase64 } from '#shared/sasl/base64.ts'
import { createSaslExchange, findMechanism } from '#shared/sasl/sasl-exchange.ts'
import type { SaslExchange } from '#shared/sasl/sasl-steps.ts'
import { beforeLogin, type Outcome } from '../command.ts'
import { finishLogIn } from '../log-in.ts'
import { replies } from '../replies.ts'
import type { Session } from '../session.ts'

/** AUTHENTICATE. RFC 5804 §2.1; the exchanges are in shared/sasl. */
export const authenticate = beforeLogin({
  parse(args) {
    args.space()
    const mechanism = args.string()
    const initial = args.takesSpace() ? args.string() : undefined
    return { mechanism, initial }
  },
  run(session, { mechanism: name, initial }) {
    const mechanism = findMechanism(name)
    if (mechanism === undefined) return replies.mechanismUnknown
    if (!session.mechanisms.includes(mechanism)) {
      const isAllowed = session.deps.options.authMechanisms.includes(mechanism)
      const wantsTls = isAllowed && session.transport.security === 'clear'
      return wantsTls ? replies.encryptionNeeded : replies.mechanismNotOffered
    }
    // RFC 5804 §2.1: the server speaks first.
    if (mechanism === 'LOGIN' && initial !== undefined) return replies.noInitialResponse
    const { remoteAddress, channelBindings } = session.transport
    const { authenticator } = session.deps
    const context = {
      authenticator,
      service: 'managesieve',
      remoteAddress,
      channelBindings,
    } as const
    const exchange = createSaslExchange(mechanism, context)
    return initial === undefined
      ? step(session, exchange, undefined)
      : answer(session, exchange, decodeInitialResponse(initial))
  },
})

async function answer(
  session: Session,
  exchange: SaslExchange,
  response: Uint8Array | undefined,
): Promise<Outcome> {
  return response === undefined ? replies.authMalformed : step(session, exchange, response)
}

async function step(
  session: Session,
  exchange: SaslExchange,
  response: Uint8Array | undefined,
  /** Of a last challenge, sent beside the success. */
  saslData?: string,
): Promise<Outcome> {
  const taken = await exchange.step(response)
  switch (taken.kind) {
    case 'challenge': {
      const text = encodeBase64(taken.data)
      if (taken.isLast) return step(session, exchange, new Uint8Array(), text)
      return {
        kind: 'challenge',
        text,
        answer: (given) => answer(session, exchange, decodeBase64(given)),
      }
    }
    case 'finished':
      return finishLogIn(session, taken, saslData)
    case 'malformed':
      return replies.authMalformed
    default:
      return unreachable(taken)
  }
}
