// Requests of commands to a server that is slow, lost, or against it.

import { describe, expect, it } from 'vitest'
import { createApiClient } from '#services/cli/remote/client.ts'
import { partsOf } from '#services/cli/remote/queue.ts'
import { type Received, type Sent, Unreachable } from '#services/cli/remote/transport.ts'

type Answer = readonly [
  status: number,
  body: unknown,
  headers?: { readonly [name: string]: string },
]

function clientOf(...answers: readonly (Answer | Error)[]) {
  const sent: Sent[] = []
  const paused: number[] = []
  const said: string[] = []
  const left = [...answers]
  const client = createApiClient({
    server: new URL('https://mail.example.test'),
    credentials: {},
    say: (text) => void said.push(text),
    pause: async (ms) => void paused.push(ms),
    async transport(one): Promise<Received> {
      sent.push(one)
      const next = left.shift()
      if (next === undefined) throw new Error('nobody answers any more')
      if (next instanceof Error) throw next
      const [status, body, headers = {}] = next
      return { status, headers, body: bytes(JSON.stringify(body)) }
    },
  })
  return { client, sent, paused, said }
}

async function* bytes(...texts: readonly string[]) {
  for (const text of texts) yield Buffer.from(text)
}

const busy: Answer = [
  429,
  { code: 'too-many-requests', detail: 'wait 3 s' },
  { 'retry-after': '3' },
]
const lost = () => new Unreachable('reset')

describe('a request to a server', () => {
  it('waits when it is told to, and says so', async () => {
    const { client, paused, said } = clientOf(busy, [200, { ok: true }])
    expect(await client.ask({ method: 'DELETE', path: '/domains/a.test' })).toEqual({ ok: true })
    expect(paused).toEqual([3_000])
    expect(said).toEqual(['postwolke: mail.example.test asks to wait 3 s\n'])
  })

  it('waits no longer than anybody does before a terminal', async () => {
    const long: Answer = [429, { code: 'x', detail: 'later' }, { 'retry-after': '3600' }]
    const { client, paused } = clientOf(long)
    const asked = client.ask({ method: 'GET', path: '/domains' })
    await expect(asked).rejects.toMatchObject({ exitStatus: 75 })
    expect(paused).toEqual([])
  })

  it('is sent again with the same key when it was lost', async () => {
    const { client, sent } = clientOf(lost(), [503, {}, { 'retry-after': '1' }], [201, {}])
    await client.ask({ method: 'POST', path: '/domains', body: { domain: 'a.test' } })
    const keys = sent.map(({ headers }) => headers['idempotency-key'])
    expect(new Set(keys).size).toBe(1)
    expect(keys).toHaveLength(3)
  })

  it('is not sent again where nobody knows what became of it', async () => {
    const { client, sent } = clientOf(lost(), [200, {}])
    const asked = client.ask({ method: 'DELETE', path: '/domains/a.test' })
    await expect(asked).rejects.toMatchObject({ exitStatus: 69 })
    expect(sent).toHaveLength(1)
  })

  it.each([
    [401, 77],
    [403, 77],
    [404, 67],
    [422, 65],
    [500, 70],
    [503, 75],
  ])('that ends with %i ends the command with %i', async (status, exitStatus) => {
    const { client } = clientOf([status, { code: 'x', detail: 'this is why', requestId: 'r1' }])
    const asked = client.ask({ method: 'GET', path: '/domains' })
    await expect(asked).rejects.toMatchObject({
      exitStatus,
      message: expect.stringContaining('this is why'),
    })
  })

  it('to a server that is none of ours says so', async () => {
    const { client } = clientOf([404, 'Not Found'])
    const asked = client.ask({ method: 'GET', path: '/domains' })
    await expect(asked).rejects.toThrow('does not answer as a Postwolke server')
  })
})

describe('a message that comes as a whole', () => {
  const text = 'A: 1\r\nB: 2\r\n\r\nbody\r\n\r\nmore\r\n'
  const read = async (parts: AsyncIterable<Uint8Array>) =>
    Buffer.concat(await Array.fromAsync(parts)).toString()

  it.each([1, 3, 5, 100])('is header and body again, %i bytes at a time', async (size) => {
    const chunks = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
    const { header, body } = partsOf(bytes(...chunks))
    expect(await read(header())).toBe('A: 1\r\nB: 2\r\n')
    expect(await read(body())).toBe('\r\nbody\r\n\r\nmore\r\n')
    expect(await read(partsOf(bytes(...chunks)).body())).toBe('\r\nbody\r\n\r\nmore\r\n')
  })
})
