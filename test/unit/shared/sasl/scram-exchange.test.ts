import { describe, expect, it } from 'vitest'
import { checkScramProof, makeScramVerifier } from '#shared/auth/scram-verifier.ts'
import type { Authenticator, ScramProofAttempt } from '#shared/contracts/authenticate.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { createScramExchange } from '#shared/sasl/scram-exchange.ts'
import { ScramClient, type ScramClientOptions } from '#test/support/scram-client.ts'

// RFC 7677 §3
const salt = 'W22ZaJ0SNY7soEsUEjb6gQ=='
const serverNonce = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'
const verifier = await makeScramVerifier('pencil', Buffer.from(salt, 'base64'), 4_096)
const account = { id: 'u' as AccountId, login: 'user', sessionsEpoch: 0 }
const binding = { name: 'tls-exporter', data: Buffer.from('the connection') }

function open({ plus = false, tls = false, nonce = serverNonce } = {}) {
  const proofs: ScramProofAttempt[] = []
  const authenticator: Authenticator = {
    authenticate: () => Promise.reject(new Error('no password here')),
    authenticateToken: () => Promise.reject(new Error('no token here')),
    scramChallenge: async () => ({ kind: 'challenge', salt, iterations: 4_096 }),
    async scramProof(attempt) {
      proofs.push(attempt)
      const proof = Buffer.from(attempt.clientProof, 'base64')
      const signature = checkScramProof(verifier, attempt.authMessage, proof)
      return signature === undefined
        ? { kind: 'refused', reason: 'password' }
        : { kind: 'authenticated', account, serverSignature: signature.toString('base64') }
    },
  }
  const exchange = createScramExchange(
    {
      authenticator,
      service: 'imap',
      remoteAddress: '192.0.2.1',
      channelBindings:
        tls || plus
          ? {
              protocol: 'TLSv1.3',
              available: true,
              data: (name) => (name === binding.name ? binding.data : undefined),
            }
          : undefined,
    },
    { plus, serverNonce: nonce },
  )
  /** What the server answers: text of a challenge, else the step. */
  async function say(text: string | undefined) {
    const step = await exchange.step(text === undefined ? undefined : Buffer.from(text))
    return step.kind === 'challenge' ? Buffer.from(step.data).toString() : step
  }
  return { say, proofs }
}

const client = (options: Partial<ScramClientOptions> = {}) =>
  new ScramClient({ login: 'user', password: 'pencil', ...options })

async function logIn(server: ReturnType<typeof open>, as: ScramClient) {
  const challenge = await server.say(as.first)
  return typeof challenge === 'string' ? server.say(as.final(challenge)) : challenge
}

const malformed = { kind: 'malformed' }
const refused = (reason: string) => ({
  kind: 'finished',
  login: 'user',
  result: { kind: 'refused', reason },
})

describe('SCRAM-SHA-256', () => {
  it('has the dialogue of RFC 7677', async () => {
    const { say } = open()
    expect(await say(undefined)).toBe('')
    expect(await say('n,,n=user,r=rOprNGfwEbeRWgbNEkqO')).toBe(
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    )
    expect(
      await say(
        'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
      ),
    ).toBe('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')
    expect(await say('')).toEqual({
      kind: 'finished',
      login: 'user',
      result: { kind: 'authenticated', account },
    })
    expect(await say('')).toEqual(malformed)
  })

  it('refuses a wrong password', async () => {
    expect(await logIn(open(), client({ password: 'pencils' }))).toEqual(refused('password'))
  })

  it('logs nobody in who answers the last challenge with something', async () => {
    const { say } = open()
    const user = client()
    await say(user.final(`${await say(user.first)}`))
    expect(await say('x')).toEqual(malformed)
    expect(await say('')).toEqual(malformed)
  })

  it('refuses an answer to another challenge before anybody looks at the proof', async () => {
    const user = client()
    const recorded = user.final(`${await open().say(user.first)}`)
    const later = open({ nonce: 'another' })
    await later.say(user.first)
    expect(await later.say(recorded)).toEqual(refused('malformed'))
    expect(later.proofs).toEqual([])
    // Nor may it be tried twice against one challenge.
    const same = open()
    await same.say(user.first)
    await same.say(user.final(`r=x,s=${salt},i=4096`))
    expect(await same.say(recorded)).toEqual(malformed)
  })

  it('takes a new nonce for each exchange', async () => {
    const context = {
      authenticator: {
        ...unused,
        scramChallenge: async () => ({ kind: 'challenge' as const, salt, iterations: 1 }),
      },
      service: 'imap' as const,
      remoteAddress: '192.0.2.1',
      channelBindings: undefined,
    }
    const nonces = new Set<string>()
    for (let i = 0; i < 20; i += 1) {
      const step = await createScramExchange(context, { plus: false }).step(
        Buffer.from('n,,n=u,r=x'),
      )
      if (step.kind === 'challenge') nonces.add(Buffer.from(step.data).toString())
    }
    expect(nonces.size).toBe(20)
  })

  it('takes `y` only where there is nothing to bind to', async () => {
    expect(await logIn(open(), client({ binding: 'y' }))).toMatch(/^v=/)
    // RFC 5802 §6: somebody took -PLUS out of what the client saw.
    expect(await logIn(open({ tls: true }), client({ binding: 'y' }))).toEqual(
      refused('channel-binding'),
    )
    expect(await logIn(open({ tls: true }), client({ binding: 'n' }))).toMatch(/^v=/)
  })

  it('does not bind without -PLUS', async () => {
    expect(await logIn(open({ tls: true }), client({ binding }))).toEqual(
      refused('channel-binding'),
    )
  })

  it('refuses an initial response that is missing twice', async () => {
    const { say } = open()
    await say(undefined)
    expect(await say(undefined)).toEqual(malformed)
  })
})

describe('SCRAM-SHA-256-PLUS', () => {
  it('binds to the connection', async () => {
    expect(await logIn(open({ plus: true }), client({ binding }))).toMatch(/^v=/)
  })

  it('refuses another connection, another kind of binding and none', async () => {
    const other = { ...binding, data: Buffer.from('the connection of a man in the middle') }
    const server = open({ plus: true })
    expect(await logIn(server, client({ binding: other }))).toEqual(refused('channel-binding'))
    expect(server.proofs).toEqual([])
    for (const wrong of ['n', 'y', { ...binding, name: 'tls-unique' }] as const)
      expect(await logIn(open({ plus: true }), client({ binding: wrong }))).toEqual(
        refused('channel-binding'),
      )
  })
})

const unused: Authenticator = {
  authenticate: () => Promise.reject(new Error('unused')),
  authenticateToken: () => Promise.reject(new Error('unused')),
  scramChallenge: () => Promise.reject(new Error('unused')),
  scramProof: () => Promise.reject(new Error('unused')),
}
