import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ANY_NAME_QUESTIONS_MAX, createAnyNameResolver } from '#shared/dns/any-name-resolver.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import { type DnsServer, startDnsServer } from '#test/support/dns-server.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'

const odd = 'foo:bar/b z%.test'

let server: DnsServer
beforeAll(async () => {
  server = await startDnsServer({
    [odd]: {
      a: ['192.0.2.1', '192.0.2.2'],
      aaaa: ['2001:db8::1'],
      mx: ['10 Odd:name.test', '20 mx.test'],
      txt: [['v=spf1 ', '-all'], 'b\xe4r'],
    },
    'alias!.test': { cname: odd },
    'broken!.test': { rcode: 'SERVFAIL' },
    'cut!.test': { a: ['192.0.2.9'], manner: 'truncated' },
    'garbage!.test': { manner: 'garbage' },
    'forged!.test': { a: ['192.0.2.66'], manner: 'wrong id' },
    'elsewhere!.test': { a: ['192.0.2.66'], manner: 'other name' },
  })
})
afterAll(() => server[Symbol.asyncDispose]())

const open = (servers = [server.address], inner = createFakeResolver({})): Resolver =>
  createAnyNameResolver(inner, { servers, timeoutMs: 5_000, tries: 2 })

/** For what has no answer. */
const openHasty = (servers = [server.address]): Resolver =>
  createAnyNameResolver(createFakeResolver({}), { servers, timeoutMs: 200, tries: 2 })

describe('names with any octets', () => {
  it('are asked for', async () => {
    const dns = open()
    expect(await dns.resolve4(odd)).toEqual({ kind: 'found', records: ['192.0.2.1', '192.0.2.2'] })
    expect(await dns.resolve6(odd)).toEqual({
      kind: 'found',
      records: ['2001:0db8:0000:0000:0000:0000:0000:0001'],
    })
    expect(await dns.resolveMx(odd)).toEqual({
      kind: 'found',
      records: [
        { preference: 10, exchange: 'odd:name.test' },
        { preference: 20, exchange: 'mx.test' },
      ],
    })
    expect(await dns.resolveTxt(odd)).toEqual({
      kind: 'found',
      records: ['v=spf1 -all', 'b\xe4r'],
    })
    expect(await dns.resolve4('alias!.test')).toMatchObject({ kind: 'found' })
  })

  it('have no answer where there is no way to the name server', async () => {
    // Nobody may send there; and nobody listens.
    for (const address of ['255.255.255.255', '127.0.0.1:1']) {
      expect(await openHasty([address]).resolve4(odd)).toMatchObject({ kind: 'failure' })
    }
  })

  it('are asked for so many at a time and no more', async () => {
    const dns = openHasty()
    const asking = Array.from({ length: ANY_NAME_QUESTIONS_MAX + 1 }, (_, n) =>
      dns.resolve4(`${n}.garbage!.test`),
    )
    const reasons = (await Promise.all(asking)).map((one) => 'reason' in one && one.reason)
    expect(reasons.filter((one) => one === 'too many look-ups of such names at once')).toHaveLength(
      1,
    )
    expect(await dns.resolve4(odd)).toMatchObject({ kind: 'found' })
  })

  it('are told from those that do not exist, and from those without such records', async () => {
    const dns = open()
    expect(await dns.resolve4('absent!.test')).toEqual({ kind: 'nxdomain' })
    expect(await dns.resolve4('b z%.test')).toEqual({ kind: 'nxdomain' })
    expect(await dns.resolveMx('broken!.test')).toMatchObject({ kind: 'failure' })
    server.set('empty!.test', { txt: ['x'] })
    expect(await dns.resolve4('empty!.test')).toEqual({ kind: 'none' })
  })

  it.each(['cut!', 'garbage!', 'forged!', 'elsewhere!'])('have no answer of %s', async (name) => {
    expect(await openHasty().resolve4(`${name}.test`)).toMatchObject({ kind: 'failure' })
  })

  it('that cannot be on the wire do not exist', async () => {
    const before = server.questions.length
    for (const name of [
      '',
      'a!..test',
      `${'!'.repeat(64)}.test`,
      '!.'.repeat(130),
      'gr\u20ac.test',
    ]) {
      expect(await open().resolve4(name)).toEqual({ kind: 'nxdomain' })
    }
    expect(server.questions.length).toBe(before)
  })

  it('have no answer where nobody listens', async () => {
    expect(await openHasty(['127.0.0.1:1']).resolve4(odd)).toMatchObject({ kind: 'failure' })
  })
})

it('other names go the usual way', async () => {
  const inner = createFakeResolver({ 'a.test': { a: ['192.0.2.1'] } })
  const before = server.questions.length
  expect(await open([server.address], inner).resolve4('a.test')).toMatchObject({ kind: 'found' })
  expect([inner.questions, server.questions.length]).toEqual([['A a.test'], before])
})

it('answers of any bytes are read to their end, and no further', async () => {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  const dns = createAnyNameResolver(createFakeResolver({}), {
    servers: [`127.0.0.1:${port}`],
    timeoutMs: 2_000,
    tries: 1,
  })
  const answers = [
    // A pointer to itself, one beyond the end, a record cut short, more records than may be, a long label.
    [0, 1, 0xc0, 0x18, 0, 15, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0],
    [0, 1, 0xff, 0xff, 0, 15],
    [0, 1, 0, 0, 15, 0, 1, 0, 0, 0, 0, 0xff, 0xff, 0],
    [0xff, 0xff],
    [0, 1, 0x80, 0],
    [0, 1],
  ]
  socket.on('message', (question, { port: to }) => {
    const [high = 0, low = 0, ...records] = answers.shift() ?? []
    const message = Buffer.concat([question, Buffer.from(records)])
    message.writeUInt16BE(0x8180, 2)
    message[6] = high
    message[7] = low
    socket.send(message, to, '127.0.0.1')
  })
  for (let i = answers.length; i > 0; i--) {
    expect(await dns.resolveMx(odd)).toMatchObject({ kind: 'failure', isMalformed: true })
  }
  socket.close()
})
