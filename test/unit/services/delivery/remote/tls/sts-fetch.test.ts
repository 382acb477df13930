import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import { afterEach, describe, expect, it } from 'vitest'
import { createStsFetch, STS_POLICY_BYTES_MAX } from '#services/delivery/remote/tls/sts-fetch.ts'
import { createTargets } from '#shared/net/targets.ts'
import { createAuthority, type Issued } from '#test/support/certificate-authority.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

const authority = createAuthority()
const own = authority.issue(['mta-sts.there.test'])
const text = 'version: STSv1\nmode: enforce\nmx: mx.there.test\nmax_age: 86400\n'
const zone: FakeZone = { 'mta-sts.there.test': { a: ['127.0.0.1'] } }

async function fetchFrom(
  answer: RequestListener,
  changes: {
    pair?: Pick<Issued, 'cert' | 'key'>
    zone?: FakeZone
    timeoutMs?: number
    allowed?: string[]
  } = {},
) {
  const asked: string[] = []
  const server = createServer(changes.pair ?? own, (request, response) => {
    asked.push(`${request.method} ${request.headers.host}${request.url}`)
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  const fetchPolicy = createStsFetch({
    resolver: createFakeResolver(changes.zone ?? zone),
    targets: createTargets(changes.allowed ?? ['127.0.0.1']),
    ca: authority.cert,
    port: typeof address === 'object' && address ? address.port : 0,
    timeoutMs: changes.timeoutMs ?? 5_000,
  })
  return { fetched: await fetchPolicy('there.test'), asked }
}

const say =
  (body: string, type = 'text/plain'): RequestListener =>
  (_, response) =>
    void response.writeHead(200, { 'content-type': type }).end(body)

describe('the policy of a domain', () => {
  it('is fetched from the host and place that are known', async () => {
    const { fetched, asked } = await fetchFrom(say(text, 'text/plain; charset=utf-8'))
    expect(fetched).toEqual({
      kind: 'policy',
      policy: { mode: 'enforce', mx: ['mx.there.test'], maxAgeSeconds: 86_400 },
    })
    expect(asked).toEqual(['GET mta-sts.there.test/.well-known/mta-sts.txt'])
  })

  it.each<[string, RequestListener, string]>([
    [
      'a redirect',
      (_, r) => void r.writeHead(301, { location: 'https://mta-sts.there.test/x' }).end(),
      'HTTP status 301',
    ],
    ['an error', (_, r) => void r.writeHead(404).end(text), 'HTTP status 404'],
    ['a page', say(text, 'text/html'), 'it is not text/plain'],
    ['too much', say(`${text}${'x'.repeat(STS_POLICY_BYTES_MAX)}`), 'it is longer than 64 KB'],
    [
      'without an end',
      (_, r) =>
        void r
          .writeHead(200, { 'content-type': 'text/plain' })
          .write('x'.repeat(STS_POLICY_BYTES_MAX + 1)),
      'it is longer than 64 KB',
    ],
    [
      'half of it',
      (_, r) => {
        r.writeHead(200, { 'content-type': 'text/plain', 'content-length': 1_000 })
        r.write(text)
        setImmediate(() => r.destroy())
      },
      'it was cut off',
    ],
  ])('is none that is %s', async (_, answer, why) => {
    const { fetched } = await fetchFrom(answer)
    expect(fetched).toMatchObject({ kind: 'failure', type: 'sts-policy-fetch-error', why })
  })

  it('is none that is not one', async () => {
    expect((await fetchFrom(say('hello'))).fetched).toMatchObject({
      kind: 'failure',
      type: 'sts-policy-invalid',
    })
  })

  it('is none that does not come in time', async () => {
    const { fetched } = await fetchFrom(() => undefined, { timeoutMs: 100 })
    expect(fetched).toMatchObject({
      type: 'sts-policy-fetch-error',
      why: expect.stringMatching(/longer/),
    })
  })

  it.each([
    ['another name', authority.issue(['there.test'])],
    ['another authority', createAuthority('Other').issue(['mta-sts.there.test'])],
    [
      'yesterday',
      authority.issue(['mta-sts.there.test'], { notAfter: new Date(Date.now() - 1_000) }),
    ],
  ])('is none where the certificate is of %s', async (_, pair) => {
    const { fetched, asked } = await fetchFrom(say(text), { pair })
    expect(fetched).toMatchObject({ kind: 'failure', type: 'sts-webpki-invalid' })
    expect(asked).toEqual([])
  })

  it('is looked for at public addresses only', async () => {
    const { fetched, asked } = await fetchFrom(say(text), { allowed: [] })
    expect(fetched).toMatchObject({ why: 'host mta-sts.there.test has no public address' })
    expect(asked).toEqual([])
  })

  it('is looked for at the next address where the first does not answer', async () => {
    const two = { 'mta-sts.there.test': { a: ['127.0.0.2', '127.0.0.1'] } }
    const { fetched } = await fetchFrom(say(text), { zone: two, allowed: ['127.0.0.0/8'] })
    expect(fetched.kind).toBe('policy')
  })
})
