import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Resolver } from '#shared/dns/resolver.ts'
import { createSystemResolver } from '#shared/dns/system-resolver.ts'

const types = { A: 1, MX: 15, AAAA: 28 } as const
const rcodes = { ok: 0, servfail: 2, nxdomain: 3, refused: 5 } as const

type Zone = {
  readonly [name: string]: {
    readonly rcode?: keyof typeof rcodes
    readonly records?: readonly Rr[]
  }
}
type Rr = { readonly type: keyof typeof types; readonly data: Buffer }

const mx = (preference: number, exchange: string): Rr => ({
  type: 'MX',
  data: Buffer.concat([Buffer.from([preference >> 8, preference & 255]), encodeName(exchange)]),
})

const zone: Zone = {
  'two.test': { records: [mx(10, 'MX1.two.test'), mx(300, 'mx2.two.test')] },
  'null.test': { records: [mx(0, '')] },
  'host.test': {
    records: [
      { type: 'A', data: Buffer.from([192, 0, 2, 1]) },
      { type: 'AAAA', data: Buffer.from('20010db8000000000000000000000001', 'hex') },
    ],
  },
  'broken.test': { rcode: 'servfail' },
  'closed.test': { rcode: 'refused' },
}

let server: Socket
let resolver: Resolver
beforeAll(async () => {
  server = createSocket('udp4')
  server.on('message', (query, from) => server.send(respond(query), from.port, from.address))
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  resolver = createSystemResolver({ servers: [`127.0.0.1:${server.address().port}`] })
})
afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())))

describe('createSystemResolver', () => {
  it('finds MX records and addresses', async () => {
    const answer = await resolver.resolveMx('two.test')
    if (answer.kind !== 'found') throw new Error(answer.kind)
    expect(answer.records).toContainEqual({ exchange: 'mx1.two.test', preference: 10 })
    expect(answer.records).toContainEqual({ exchange: 'mx2.two.test', preference: 300 })
    expect(await resolver.resolve4('host.test')).toEqual({ kind: 'found', records: ['192.0.2.1'] })
    expect(await resolver.resolve6('host.test')).toEqual({
      kind: 'found',
      records: ['2001:db8::1'],
    })
  })

  it('gives the root of a null MX as the empty name', async () => {
    expect(await resolver.resolveMx('null.test')).toEqual({
      kind: 'found',
      records: [{ exchange: '', preference: 0 }],
    })
  })

  // One of them bounces mail, another one makes it wait.
  it('tells apart what is not there, what does not exist and what nobody knows', async () => {
    expect(await resolver.resolveMx('host.test')).toEqual({ kind: 'none' })
    expect(await resolver.resolve4('two.test')).toEqual({ kind: 'none' })
    expect(await resolver.resolveMx('absent.test')).toEqual({ kind: 'nxdomain' })
    expect(await resolver.resolve6('absent.test')).toEqual({ kind: 'nxdomain' })
    expect(await resolver.resolveMx('broken.test')).toEqual({
      kind: 'failure',
      reason: 'the name server failed (SERVFAIL)',
    })
    expect(await resolver.resolve4('closed.test')).toMatchObject({ kind: 'failure' })
  })

  it('fails where no name server listens', async () => {
    const nobody = createSocket('udp4')
    nobody.bind(0, '127.0.0.1')
    await once(nobody, 'listening')
    const { port } = nobody.address()
    await new Promise<void>((resolve) => nobody.close(() => resolve()))
    const lonely = createSystemResolver({ servers: [`127.0.0.1:${port}`] })
    expect(await lonely.resolveMx('two.test')).toMatchObject({ kind: 'failure' })
  })

  it('knows localhost by itself', async () => {
    expect(await resolver.resolve4('localhost')).toEqual({ kind: 'found', records: ['127.0.0.1'] })
    expect(await resolver.resolve6('localhost')).toEqual({ kind: 'found', records: ['::1'] })
  })
})

/** RFC 1035 §4.1: header, the question again, and the records of its name and type. */
function respond(query: Buffer): Buffer {
  const end = query.indexOf(0, 12) + 5
  const question = query.subarray(12, end)
  const asked = zone[decodeName(question)]
  const type = question.readUInt16BE(question.length - 4)
  const records = (asked?.records ?? []).filter((record) => types[record.type] === type)
  const rcode = rcodes[asked === undefined ? 'nxdomain' : (asked.rcode ?? 'ok')]
  const header = Buffer.from([0, 0, 0x81, 0x80 | rcode, 0, 1, 0, records.length, 0, 0, 0, 0])
  query.copy(header, 0, 0, 2)
  return Buffer.concat([header, question, ...records.map(encodeRecord)])
}

/** Named by a pointer to the question; class IN, TTL 60. */
function encodeRecord({ type, data }: Rr): Buffer {
  return Buffer.concat([
    Buffer.from([0xc0, 12, 0, types[type], 0, 1, 0, 0, 0, 60, 0, data.length]),
    data,
  ])
}

function encodeName(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.')
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ])
}

function decodeName(question: Buffer): string {
  const labels: string[] = []
  for (let at = 0, length = question[0] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return labels.join('.').toLowerCase()
}
