// The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802 §5, RFC 7677). It answers for its nonce and for the channel
// binding; salt, proof and signature are the authenticator's.

import { randomBytes } from 'node:crypto'
import type { LoginRefused, LoginResult } from '#shared/contracts/authenticate.ts'
import type { SaslContext, SaslExchange, SaslExchangeStep } from './sasl-steps.ts'
import { parseClientFinal, parseClientFirst, type ScramClientFirst, serverFirst } from './scram.ts'

const SERVER_NONCE_BYTES = 24

const newServerNonce = (): string => randomBytes(SERVER_NONCE_BYTES).toString('base64')

export function createScramExchange(
  context: SaslContext,
  { plus, serverNonce = newServerNonce() }: { plus: boolean; serverNonce?: string },
): SaslExchange {
  const { authenticator, service, remoteAddress, channelBindings } = context
  let asked = false
  let next = begin

  async function begin(response: Uint8Array | undefined): Promise<SaslExchangeStep> {
    if (response === undefined) {
      if (asked) return malformed
      asked = true
      next = begin
      return { kind: 'challenge', data: new Uint8Array() }
    }
    const first = parseClientFirst(response)
    if (first === undefined) return malformed
    // As with PLAIN: nobody acts for somebody else here.
    if (first.isOther) return refuse(first, 'other-identity')
    const binding = expectedBinding(first)
    if (binding === undefined) return refuse(first, 'channel-binding')
    const attempt = { service, remoteAddress, login: first.login }
    const challenge = await authenticator.scramChallenge(attempt)
    if (challenge.kind === 'throttled') return finishWith(first, challenge)
    const nonce = first.nonce + serverNonce
    const ours = serverFirst({ ...challenge, nonce })
    next = (final) => prove(final, { first, binding, nonce, ours })
    return { kind: 'challenge', data: Buffer.from(ours) }
  }

  async function prove(
    response: Uint8Array | undefined,
    said: { first: ScramClientFirst; binding: Uint8Array; nonce: string; ours: string },
  ): Promise<SaslExchangeStep> {
    const { first, ours } = said
    const final = response && parseClientFinal(response)
    if (final === undefined) return malformed
    // An answer to another challenge: a replay, or a client that mixes up its connections.
    if (final.nonce !== said.nonce) return refuse(first, 'malformed')
    if (!Buffer.from(said.binding).equals(final.channelBinding))
      return refuse(first, 'channel-binding')
    const result = await authenticator.scramProof({
      service,
      remoteAddress,
      login: first.login,
      authMessage: `${first.bare},${ours},${final.withoutProof}`,
      clientProof: final.proof,
    })
    if (result.kind !== 'authenticated') return finishWith(first, result)
    const { kind, account } = result
    // RFC 4422 §5: most of our protocols have no room for data beside the success, so the client answers the last challenge too.
    next = async (empty) => (empty?.length === 0 ? finishWith(first, { kind, account }) : malformed)
    return { kind: 'challenge', data: Buffer.from(`v=${result.serverSignature}`), isLast: true }
  }

  /** GS2 header and bytes of the binding as the client must repeat them; undefined when it may not go on (RFC 5802 §6). */
  function expectedBinding({ flag, gs2Header }: ScramClientFirst): Uint8Array | undefined {
    const header = Buffer.from(gs2Header)
    if (typeof flag === 'object') {
      const data = plus ? channelBindings?.data(flag.binding) : undefined
      return data && Buffer.concat([header, data])
    }
    // `y`: somebody has taken our -PLUS out of what the client saw.
    const downgraded = flag === 'y' && channelBindings?.available === true
    return plus || downgraded ? undefined : header
  }

  return {
    step(response) {
      const run = next
      // Whatever comes after the end, or twice, is none of it.
      next = over
      return run(response)
    },
  }
}

const malformed: SaslExchangeStep = { kind: 'malformed' }

const over = async (): Promise<SaslExchangeStep> => malformed

function finishWith({ login }: ScramClientFirst, result: LoginResult): SaslExchangeStep {
  return { kind: 'finished', login, result }
}

function refuse(first: ScramClientFirst, reason: LoginRefused['reason']): SaslExchangeStep {
  return finishWith(first, { kind: 'refused', reason })
}
