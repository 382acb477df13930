// Our client of LMTP before our own listener: each recipient has the result of his own copy.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SessionCache } from '#services/delivery/remote/client/session-cache.ts'
import { createSmtpTransport } from '#services/delivery/remote/smtp-transport.ts'
import type { Contact } from '#shared/contracts/delivery.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { firstAccounts, takeMail } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'
import { routeTo } from '#test/support/next-hop.ts'
import { textMessage } from '#test/support/outbound-text.ts'
import { dialling, remoteWay } from '#test/support/remote-way.ts'
import {
  freePort,
  freePorts,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let server: ServerProcess
let port = 0
beforeAll(async () => {
  const folder = resources.use(await temporaryFolder()).path
  port = await freePort()
  server = await startServer(folder, await freePorts(), [
    'listeners.lmtp.enabled=yes',
    `listeners.lmtp.port=${port}`,
    'defaultDomain=example.test',
    'mailboxSizeLimit=8KB',
  ])
  resources.defer(async () => void (await server.end('SIGTERM')))
})
afterAll(() => resources.disposeAsync())

const subjectOf = (text: string) => /Subject: (.*)\r/.exec(text)?.[1]

describe('LMTP', () => {
  it('delivers to who has room, in one session after the other', async () => {
    const { alice, bob } = firstAccounts(server)
    const set = ['account', 'set', bob.address, '--quota', '4KB', '--data', server.directory]
    expect(await commandLine(set)).toMatchObject({ code: 0 })
    const sessions = new SessionCache({ onDemand: false, lifeMs: 300_000 }, systemClock)
    resources.defer(() => sessions.close())
    const way = remoteWay(createFakeResolver({}), dialling({ '127.0.0.1': { port } }), { sessions })
    const contacts: Contact[] = []
    const deliver = async (text: string) =>
      await createSmtpTransport(way).deliver({
        queueId: '01ARZ3NDEKTSV4RRFF',
        route: routeTo('lmtp:[127.0.0.1]:24'),
        sender: '',
        recipients: [alice.address, 'nobody@example.test', bob.address].map((address) => ({
          address,
          notify: [],
          originalRecipient: null,
        })),
        dsnReturn: null,
        dsnEnvelopeId: null,
        requireTls: false,
        ageMs: 0,
        openMessage: async () => textMessage(text),
        onContact: (contact) => contacts.push(contact),
      })
    const large = `Subject: large\r\n\r\n.${'x'.repeat(70)}\r\n${`${'x'.repeat(70)}\r\n`.repeat(70)}`
    expect((await deliver(large)).results).toMatchObject([
      { kind: 'delivered', reply: expect.stringMatching(/^250 2\.0\.0 Ok: queued as /) },
      { kind: 'failed', status: '5.1.1' },
      // Its size is announced, so that it is known at RCPT.
      { kind: 'failed', status: '5.2.2', reply: expect.stringContaining(bob.address) },
    ])
    expect((await deliver('Subject: small\r\n\r\nx\r\n')).results).toMatchObject([
      { kind: 'delivered' },
      { kind: 'failed', status: '5.1.1' },
      { kind: 'delivered' },
    ])
    expect(contacts[1]).toMatchObject({ connectMs: 0, sessionUse: 2 })
    // She has room for both, which may come in any order.
    const ofAlice = await takeMail(server, alice, 2)
    expect(ofAlice.map(subjectOf).toSorted()).toEqual(['large', 'small'])
    expect(ofAlice.some((text) => text.endsWith(large))).toBe(true)
    expect((await takeMail(server, bob)).map(subjectOf)).toEqual(['small'])
  })
})
