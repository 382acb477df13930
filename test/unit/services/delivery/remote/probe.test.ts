import { afterEach, describe, expect, it, vi } from 'vitest'
import { connectTcp } from '#services/delivery/remote/connect.ts'
import { createProbe } from '#services/delivery/remote/probe.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'
import { remoteWay } from '#test/support/remote-way.ts'
import { openScriptedHost } from '#test/support/sink-smtp.ts'

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

const zone: FakeZone = {
  'there.test': { mx: ['10 mx.there.test'] },
  'mx.there.test': { a: ['192.0.2.1'] },
  'null.test': { mx: ['0 .'] },
  'broken.test': 'failure',
  'private.test': { a: ['10.0.0.1'] },
  'ours.test': { mx: ['10 mail.here.test'] },
}

/** A host that answers this to commands that begin so, and takes everything else. */
async function probed(
  address: string,
  replies: { readonly [command: string]: string | null } = {},
  sender = '',
) {
  const host = stack.use(
    await openScriptedHost((line) => {
      const found = Object.entries(replies).find(([command]) => line.startsWith(command) && command)
      if (found) return found[1]
      return line === '' ? (replies[''] ?? '220 mx.there.test') : '250 2.0.0 fine'
    }),
  )
  const ask = createProbe({
    ...remoteWay(createFakeResolver(zone), ({ timeoutMs }) =>
      connectTcp({ address: '127.0.0.1', port: host.port, timeoutMs }),
    ),
    options: { sender, slotOf: async (to) => to.address.slice(to.address.lastIndexOf('@') + 1) },
  })
  const result = await ask(address)
  return {
    result,
    get lines() {
      return host.connections.flat()
    },
  }
}

describe('createProbe', () => {
  it('goes as far as RCPT, from nobody, and sends no message', async () => {
    const probe = await probed('carol@there.test')
    expect(probe.result).toEqual({ kind: 'deliverable' })
    await vi.waitFor(() => {
      expect(probe.lines).toEqual([
        'EHLO mail.here.test',
        'MAIL FROM:<>',
        'RCPT TO:<carol@there.test>',
        'RSET',
        'QUIT',
      ])
    })
  })

  it('sends no message to who takes commands together (RFC 2920)', async () => {
    const ehlo = '250-mx.there.test\r\n250 PIPELINING'
    const { result, lines } = await probed('carol@there.test', { EHLO: ehlo })
    expect(result).toEqual({ kind: 'deliverable' })
    expect(lines).toContain('RSET')
    expect(lines).not.toContain('DATA')
    expect(
      (await probed('carol@there.test', { EHLO: ehlo, RCPT: '550 5.1.1 no such user' })).result
        .kind,
    ).toBe('undeliverable')
  })

  it('comes from the sender of the settings', async () => {
    const { lines } = await probed('carol@there.test', {}, 'probe@here.test')
    expect(lines).toContain('MAIL FROM:<probe@here.test>')
  })

  it('knows what RCPT was refused for', async () => {
    const { result } = await probed('carol@there.test', { RCPT: '550 5.1.1 no such user' })
    expect(result).toEqual({
      kind: 'undeliverable',
      reply: expect.stringMatching(
        /^host mx\.there\.test\S* said: 550 5\.1\.1 no such user \(in reply to RCPT TO command\)$/,
      ),
    })
  })

  it.each<[string, { readonly [command: string]: string | null }]>([
    ['a 4xx reply to RCPT', { RCPT: '450 4.2.0 greylisted' }],
    ['a refusal for what we are', { RCPT: '554 5.7.1 you are in a list' }],
    ['a refusal of the sender', { MAIL: '550 5.1.8 no bounces here' }],
    ['a refusal of EHLO', { EHLO: '550 go away', HELO: '550 go away' }],
    ['a greeting that refuses', { '': '554 no service' }],
    ['a connection that breaks', { RCPT: null }],
  ])('knows nothing after %s', async (_, replies) => {
    expect((await probed('carol@there.test', replies)).result).toMatchObject({ kind: 'unknown' })
  })

  it.each([
    ['who@absent.test', 'undeliverable'],
    ['who@null.test', 'undeliverable'],
    ['who@private.test', 'undeliverable'],
    ['who@broken.test', 'unknown'],
    // We are its mail host.
    ['who@ours.test', 'unknown'],
    ['who@there.test\r\nDATA', 'unknown'],
    ['wär@there.test', 'unknown'],
  ])('asks nobody about %j: %s', async (address, kind) => {
    const { result, lines } = await probed(address)
    expect(result.kind).toBe(kind)
    expect(lines.filter((line) => line.startsWith('MAIL'))).toEqual([])
  })

  it('asks about an address of other letters who offers to take it', async () => {
    const { result, lines } = await probed('wär@there.test', {
      EHLO: '250-mx.there.test\r\n250 SMTPUTF8',
    })
    expect(result).toEqual({ kind: 'deliverable' })
    expect(lines).toContain('MAIL FROM:<> SMTPUTF8')
  })
})
