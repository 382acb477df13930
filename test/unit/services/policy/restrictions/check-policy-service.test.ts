import { describe, expect, it } from 'vitest'
import { createPolicyServers } from '#services/policy/delegation/servers.ts'
import { evaluate } from '#services/policy/evaluate.ts'
import type { Known } from '#services/policy/known.ts'
import { check_policy_service } from '#services/policy/restrictions/check-policy-service.ts'
import type { BuiltInService } from '#services/policy/service.ts'
import type { WordDeps } from '#services/policy/word.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { startPolicydWeight, startPostgrey } from '#test/support/debian-policy-servers.ts'
import { knownAtRcpt } from '#test/support/known.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { login, stranger } from '#test/support/policy-facts.ts'
import { answering, startPolicyServer } from '#test/support/policy-server.ts'
import { isInstalled } from '#test/support/program.ts'
import { freePort } from '#test/support/server-process.ts'

function open(set: readonly string[] = [], services: readonly [string, BuiltInService][] = []) {
  const loaded = loadSettings({
    environment: {},
    overrides: ['smtpdPolicyServiceRetryDelay=0', ...set],
  })
  if (loaded.kind === 'invalid') throw new Error(JSON.stringify(loaded.problems))
  const log = new MemoryLog()
  const deps: Pick<WordDeps, 'settings' | 'log' | 'clock' | 'services' | 'policyServers'> = {
    settings: loaded.settings,
    log,
    clock: systemClock,
    services: new Map(services),
    policyServers: createPolicyServers({ clock: systemClock }),
  }
  return {
    log,
    ask: async (argument: string, known: Known = knownAtRcpt()) =>
      check_policy_service.make(argument, { ...missing, ...deps })(known),
  }
}

const missing = { compile: () => [] } as Pick<WordDeps, 'compile'> as WordDeps

const inet = ({ port }: { readonly port: number }) => `inet:127.0.0.1:${port}`

const replied = (code: number, status: string, text: string) => ({
  code,
  status,
  text: `<ann@example.test>: Recipient address rejected: ${text}`,
})

describe('check_policy_service', () => {
  it('does what the server says', async () => {
    await using server = await startPolicyServer(answering('550 5.7.1 not today'))
    const { ask } = open()
    expect(await ask(inet(server.endpoint))).toEqual({
      kind: 'reject',
      reply: replied(550, '5.7.1', 'not today'),
    })
  })

  it('tells it every attribute that Postfix does', async () => {
    await using server = await startPolicyServer(answering('DUNNO'))
    const { ask } = open(['smtpdPolicyServicePolicyContext=inbound'])
    await ask(inet(server.endpoint), knownAtRcpt({ name: 'mx.remote.test', bytes: 1_234 }))
    expect(Object.fromEntries(server.requests[0] ?? [])).toEqual({
      request: 'smtpd_access_policy',
      protocol_state: 'RCPT',
      protocol_name: 'ESMTP',
      client_address: '203.0.113.5',
      client_name: 'mx.remote.test',
      client_port: '40001',
      reverse_client_name: 'mx.remote.test',
      server_address: '',
      server_port: '0',
      helo_name: 'client.test',
      sender: 's@remote.test',
      recipient: 'ann@example.test',
      recipient_count: '0',
      queue_id: '',
      instance: 'Q',
      size: '1234',
      etrn_domain: '',
      stress: '',
      sasl_method: '',
      sasl_username: '',
      sasl_sender: '',
      ccert_subject: '',
      ccert_issuer: '',
      ccert_fingerprint: '',
      ccert_pubkey_fingerprint: '',
      encryption_protocol: '',
      encryption_cipher: '',
      encryption_keysize: '0',
      policy_context: 'inbound',
      compatibility_level: '3.7',
      mail_version: 'Postwolke',
    })
  })

  it('tells who logged in, of TLS, of a certificate that is trusted, and the queue id from the second recipient on', async () => {
    await using server = await startPolicyServer(answering('DUNNO'))
    const { ask } = open()
    const clientCertificate = {
      subject: 'a+b = c',
      issuer: 'CA',
      fingerprint: 'AB:CD',
      publicKeyFingerprint: 'EF:01',
      verified: true,
    }
    const tls = { protocol: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', clientCertificate }
    await ask(
      inet(server.endpoint),
      knownAtRcpt({ origin: { ...login, tls }, recipientCount: 1, answering: 'data' }),
    )
    await ask(
      inet(server.endpoint),
      knownAtRcpt({
        origin: {
          ...stranger,
          tls: { ...tls, clientCertificate: { ...clientCertificate, verified: false } },
        },
      }),
    )
    const [first, second] = server.requests
    expect(first?.get('sasl_username')).toBe('ann@example.test')
    expect(first?.get('encryption_protocol')).toBe('TLSv1.3')
    expect(first?.get('encryption_cipher')).toBe('TLS_AES_128_GCM_SHA256')
    expect(first?.get('encryption_keysize')).toBe('128')
    expect(first?.get('ccert_pubkey_fingerprint')).toBe('EF:01')
    expect(first?.get('ccert_subject')).toBe('a+2Bb+20+3D+20c')
    expect(first?.get('ccert_issuer')).toBe('CA')
    expect(first?.get('queue_id')).toBe('Q')
    expect(first?.get('protocol_state')).toBe('DATA')
    expect(second?.get('ccert_subject')).toBe('')
    expect(second?.get('ccert_fingerprint')).toBe('AB:CD')
  })

  it.each([
    [true, 'ESMTP', 'EHLO'],
    [false, 'SMTP', 'HELO'],
  ])(
    'tells where the client came in, and whether it said EHLO (%s)',
    async (extended, name, state) => {
      await using server = await startPolicyServer(answering('DUNNO'))
      const { ask } = open()
      const dialogue = {
        ...{ extended, localAddress: '192.0.2.25', localPort: 25, mechanism: 'PLAIN' },
      }
      const origin = { ...stranger, dialogue }
      await ask(inet(server.endpoint), knownAtRcpt({ origin, answering: 'helo' }))
      expect(Object.fromEntries(server.requests[0] ?? [])).toMatchObject({
        ...{ protocol_name: name, protocol_state: state },
        ...{ server_address: '192.0.2.25', server_port: '25', sasl_method: 'PLAIN' },
      })
    },
  )

  it('makes one attribute of one value', async () => {
    await using server = await startPolicyServer(answering('DUNNO'))
    const { ask } = open()
    const origin = { ...stranger, helo: 'x\nsasl_username=root\r\n\nrequest=none' }
    await ask(inet(server.endpoint), knownAtRcpt({ origin }))
    expect(server.requests).toHaveLength(1)
    expect(server.requests[0]?.get('sasl_username')).toBe('')
    expect(server.requests[0]?.get('helo_name')).toBe('x?sasl_username=root???request=none')
  })

  it('does the default action where there is no answer, and warns', async () => {
    const place = `inet:127.0.0.1:${await freePort()}`
    const { ask, log } = open()
    expect(await ask(place)).toEqual({
      kind: 'defer',
      reply: replied(451, '4.3.5', 'Server configuration problem'),
    })
    expect(log.find('policy server does not answer')).toMatchObject({ queueId: 'Q', server: place })
    const changed = open(['smtpdPolicyServiceDefaultAction=DUNNO'])
    expect(await changed.ask(place)).toEqual({ kind: 'dunno' })
    const text = `{ ${place}, timeout=10s, {default_action = 450 4.7.1 later, please} }`
    expect(await ask(text)).toEqual({
      kind: 'defer',
      reply: replied(450, '4.7.1', 'later, please'),
    })
  })

  it('asks who answers within by his name, and does all that he says in order', async () => {
    const service: BuiltInService = {
      decide: async () => [
        { kind: 'score', points: 2 },
        { kind: 'prepend', fields: 'X-A: 1\r\n' },
      ],
    }
    const { ask } = open([], [['postgrey', service]])
    const decision = await ask('Postgrey')
    const { score, effects } = await evaluate(
      [{ name: 'check_policy_service', decide: () => decision }],
      knownAtRcpt(),
    )
    expect({ score, prepend: effects.prepend }).toEqual({ score: 2, prepend: 'X-A: 1\r\n' })
    const silent = open([], [['postgrey', { decide: async () => [] }]])
    expect(await silent.ask('postgrey')).toEqual({ kind: 'dunno' })
    await expect(silent.ask('policyd-weight')).rejects.toThrow('no policy service policyd-weight')
  })
})

describe.skipIf(!isInstalled('postgrey'))("check_policy_service with Debian's postgrey", () => {
  it('greylists, and keeps the connection', async () => {
    await using server = await startPostgrey()
    const { ask } = open()
    const text = expect.stringMatching(/rejected: Greylisted, see .*example\.test/)
    const greylisted = { kind: 'defer-if-permit', reply: { code: 450, status: '4.2.0', text } }
    expect(await ask(inet(server.endpoint))).toEqual(greylisted)
    expect(await ask(inet(server.endpoint))).toEqual(greylisted)
  })
})

describe.skipIf(!isInstalled('policyd-weight'))(
  "check_policy_service with Debian's policyd-weight",
  () => {
    it('understands its answers', async () => {
      await using server = await startPolicydWeight()
      const { ask } = open()
      expect(await ask(inet(server.endpoint), knownAtRcpt({ sender: '' }))).toEqual({
        kind: 'dunno',
      })
      expect(await ask(inet(server.endpoint))).toEqual({
        kind: 'prepend',
        fields: 'X-policyd-weight:  (only DNSBL check requested)\r\n',
      })
    })
  },
)
