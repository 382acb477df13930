import { nothing } from '../arguments.ts'
import { defineCommand, inEither } from '../command.ts'
import { replies } from '../replies.ts'
import type { Session } from '../session.ts'

/** CAPA. RFC 2449 §5. */
export const capa = defineCommand({
  state: inEither,
  parse: nothing,
  run: (session) => replies.capabilities(capabilities(session)),
})

function* capabilities({
  state,
  transport,
  plaintextAllowed,
  mechanisms,
}: Session): Iterable<string> {
  yield 'TOP'
  yield 'UIDL'
  yield 'RESP-CODES'
  yield 'AUTH-RESP-CODE'
  yield 'PIPELINING'
  yield 'EXPIRE NEVER'
  yield 'UTF8 USER'
  if (plaintextAllowed) yield 'USER'
  yield `SASL ${mechanisms.join(' ')}`
  if (transport.tlsAvailable && transport.security === 'clear') yield 'STLS'
  // RFC 2449 §6.9: it may be announced after login only; whoever has not logged in need not know.
  if (state.kind === 'TRANSACTION') yield 'IMPLEMENTATION Postwolke'
}
