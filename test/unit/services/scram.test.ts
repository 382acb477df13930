// AUTH=SCRAM-SHA-256 and AUTH=SCRAM-SHA-256-PLUS over the sockets of all listeners, with a client of its own.

import { createHash } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { smtpDefaults } from '#services/smtp/config.ts'
import { createSmtpListener } from '#services/smtp/listener.ts'
import { startImapServer } from '#test/support/imap-server.ts'
import { startManageSieve } from '#test/support/managesieve-fakes.ts'
import { startPop3 } from '#test/support/pop3-fakes.ts'
import {
  imapDialogue,
  logInWithScram,
  manageSieveDialogue,
  pop3Dialogue,
  ScramClient,
  type ScramClientOptions,
  type ScramDialogue,
  smtpDialogue,
} from '#test/support/scram-client.ts'
import { goodLogin, smtpFakes } from '#test/support/smtp-fakes.ts'
import { Wire } from '#test/support/wire.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

type Protocol = {
  /** Nothing is offered in clear, and the server's last word comes with the success. */
  readonly wantsTls?: true
  readonly login: string
  readonly password: string
  /** Clear with passwords refused, and implicit TLS. */
  start(): Promise<{ readonly clear: number; readonly tls: number }>
  readonly dialogue: (wire: Wire) => ScramDialogue
  /** Said before the login, with the mechanisms in the answer. */
  readonly capabilities: { readonly command: string; readonly end: RegExp }
  readonly loggedIn: RegExp
  readonly refused: RegExp
  readonly notOffered: RegExp
  /** Says that nobody is logged in. */
  readonly probe: { readonly command: string; readonly end: RegExp }
}

const imap: Protocol = {
  login: 'ann@example.test',
  password: 'secret',
  async start() {
    const server = await startImapServer({ options: { disablePlaintextAuth: 'yes' } })
    closing.push(() => server.stop())
    return { clear: server.port, tls: server.tlsPort }
  },
  dialogue: imapDialogue,
  capabilities: { command: 'c1 CAPABILITY', end: /^c1 OK/m },
  loggedIn: /^a1 OK \[CAPABILITY /,
  refused: /^a1 NO \[AUTHENTICATIONFAILED\]/,
  notOffered: /^a1 NO \[CANNOT\]/,
  probe: { command: 'p1 SELECT INBOX', end: /^p1 BAD/m },
}

const smtp: Protocol = {
  ...goodLogin,
  async start() {
    const ports: number[] = []
    for (const role of ['submission', 'submissions'] as const) {
      const options = { ...smtpDefaults, role, address: '127.0.0.1', submissionRequireTls: false }
      const listener = createSmtpListener({ ...options, port: 0 }, smtpFakes())
      ports.push((await listener.listen()).port)
      closing.push(() => listener.close({ graceMs: 0 }))
    }
    const [clear = 0, tls = 0] = ports
    return { clear, tls }
  },
  dialogue: smtpDialogue,
  capabilities: { command: 'EHLO client.test', end: /^250 /m },
  loggedIn: /^235 2\.7\.0/,
  refused: /^535 5\.7\.8/,
  notOffered: /^504 /,
  probe: { command: 'MAIL FROM:<a@example.test>', end: /^530 /m },
}

const pop3: Protocol = {
  login: 'alice@example.test',
  password: 'secret',
  async start() {
    const host = '127.0.0.1'
    const { listener, ports } = await startPop3({
      options: {
        disablePlaintextAuth: 'yes',
        endpoints: [
          { host, port: 0, tls: 'starttls' },
          { host, port: 0, tls: 'implicit' },
        ],
      },
    })
    closing.push(() => listener.close({ graceMs: 0 }))
    const [clear = 0, tls = 0] = ports
    return { clear, tls }
  },
  dialogue: pop3Dialogue,
  capabilities: { command: 'CAPA', end: /^\.\r\n/m },
  loggedIn: /^\+OK 0 messages/,
  refused: /^-ERR \[AUTH\]/,
  notOffered: /^-ERR unknown/,
  probe: { command: 'STAT', end: /^-ERR/m },
}

const managesieve: Protocol = {
  wantsTls: true,
  login: 'alice@example.test',
  password: 'secret',
  async start() {
    const host = '127.0.0.1'
    const { listener, ports } = await startManageSieve({
      options: {
        disablePlaintextAuth: 'yes',
        endpoints: [
          { host, port: 0, tls: 'starttls' },
          // Nobody serves that; it spares this test STARTTLS.
          { host, port: 0, tls: 'implicit' },
        ],
      },
    })
    closing.push(() => listener.close({ graceMs: 0 }))
    const [clear = 0, tls = 0] = ports
    return { clear, tls }
  },
  dialogue: manageSieveDialogue,
  capabilities: { command: 'CAPABILITY', end: /^OK\r\n/m },
  loggedIn: /^OK \(SASL /,
  refused: /^NO "Login failed/,
  notOffered: /^NO \(ENCRYPT-NEEDED\)/,
  probe: { command: 'LISTSCRIPTS', end: /^NO "Log in/m },
}

/** Bindings as the client sees them. */
const bindings = {
  'tls-exporter': (tls: TLSSocket) =>
    tls.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)),
  // The certificates of these servers are signed with SHA-256.
  'tls-server-end-point': (tls: TLSSocket) =>
    createHash('sha256').update(tls.getPeerCertificate().raw).digest(),
}

describe.each(Object.entries({ imap, smtp, pop3, managesieve }))('%s', (_, protocol) => {
  const tls = protocol.wantsTls === true

  async function connect(
    how: { readonly tls?: boolean; readonly maxVersion?: 'TLSv1.2' } = {},
  ): Promise<Wire> {
    const { clear, tls } = await protocol.start()
    const wire = await Wire.open(how.tls ? tls : clear)
    closing.unshift(() => wire.destroy())
    if (how.tls) await wire.startTls(how.maxVersion ? { maxVersion: how.maxVersion } : {})
    await wire.read((bytes) => /^(?:\*|220|\+OK|OK)[^\n]*\n$/m.test(bytes.toString('latin1')))
    return wire
  }

  function ask(wire: Wire, { command, end }: { command: string; end: RegExp }): Promise<string> {
    wire.write(`${command}\r\n`)
    return wire.read((bytes) => end.test(bytes.toString('latin1'))).then(String)
  }

  async function logIn(
    wire: Wire,
    mechanism: string,
    options: Partial<ScramClientOptions> = {},
  ): Promise<{ readonly status: string; readonly trusted: boolean | undefined }> {
    await ask(wire, protocol.capabilities)
    const { login, password } = protocol
    const client = new ScramClient({ login, password, ...options })
    return logInWithScram(protocol.dialogue(wire), mechanism, client)
  }

  const bound = (wire: Wire, name: keyof typeof bindings, from = wire) => ({
    binding: { name, data: bindings[name](from.tls()) },
  })

  it('offers SCRAM-SHA-256 without TLS, where passwords are refused, and -PLUS with TLS', async () => {
    const clear = await ask(await connect(), protocol.capabilities)
    if (protocol.wantsTls) expect(clear).toContain('"SASL" ""')
    else expect(clear).toMatch(/[ =]SCRAM-SHA-256\b/)
    expect(clear).not.toMatch(/PLUS|PLAIN/)
    const tls = await ask(await connect({ tls: true }), protocol.capabilities)
    expect(tls).toMatch(/PLAIN.*[ =]SCRAM-SHA-256\b.*[ =]SCRAM-SHA-256-PLUS\b/)
  })

  it('logs in, and proves that the server knows the password too', async () => {
    const outcome = await logIn(await connect({ tls }), 'SCRAM-SHA-256')
    expect(outcome).toEqual({ status: expect.stringMatching(protocol.loggedIn), trusted: true })
  })

  it('tells a wrong password from an unknown user by nothing', async () => {
    const wrong = await logIn(await connect({ tls }), 'SCRAM-SHA-256', { password: 'falsch' })
    const unknown = await logIn(await connect({ tls }), 'SCRAM-SHA-256', {
      login: 'nobody@example.test',
      password: 'falsch',
    })
    expect(wrong).toEqual({ status: expect.stringMatching(protocol.refused), trusted: undefined })
    expect(unknown).toEqual(wrong)
  })

  it.each([
    ['tls-exporter', undefined],
    ['tls-server-end-point', undefined],
    ['tls-server-end-point', 'TLSv1.2'],
  ] as const)('binds a login to %s (%s)', async (name, maxVersion) => {
    const wire = await connect({ tls: true, ...(maxVersion ? { maxVersion } : {}) })
    const outcome = await logIn(wire, 'SCRAM-SHA-256-PLUS', bound(wire, name))
    expect(outcome).toEqual({ status: expect.stringMatching(protocol.loggedIn), trusted: true })
  })

  it('refuses a login that was bound to another connection', async () => {
    const [wire, other] = [await connect({ tls: true }), await connect({ tls: true })]
    const outcome = await logIn(wire, 'SCRAM-SHA-256-PLUS', bound(wire, 'tls-exporter', other))
    expect(outcome).toEqual({ status: expect.stringMatching(protocol.refused), trusted: undefined })
    expect(await ask(wire, protocol.probe)).toMatch(protocol.probe.end)
  })

  it('refuses a client from which -PLUS was hidden', async () => {
    const outcome = await logIn(await connect({ tls: true }), 'SCRAM-SHA-256', { binding: 'y' })
    expect(outcome.status).toMatch(protocol.refused)
  })

  it('has no exporter in TLS 1.2 and no -PLUS without TLS', async () => {
    const old = await connect({ tls: true, maxVersion: 'TLSv1.2' })
    const outcome = await logIn(old, 'SCRAM-SHA-256-PLUS', bound(old, 'tls-exporter'))
    expect(outcome.status).toMatch(protocol.refused)
    expect((await logIn(await connect(), 'SCRAM-SHA-256-PLUS')).status).toMatch(protocol.notOffered)
  })

  // RFC 5804 §2.1 tells the signature with the answer itself: there is nothing before it to break off.
  if (!tls) {
    it('is not logged in before the client has seen the signature', async () => {
      const wire = await connect()
      await ask(wire, protocol.capabilities)
      const { login, password } = protocol
      const client = new ScramClient({ login, password })
      // One that does not trust it.
      client.trusts = () => {
        wire.write('*\r\n')
        return false
      }
      const { status } = await logInWithScram(protocol.dialogue(wire), 'SCRAM-SHA-256', client)
      expect(status).not.toMatch(protocol.loggedIn)
      expect(await ask(wire, protocol.probe)).toMatch(protocol.probe.end)
    })
  }
})
