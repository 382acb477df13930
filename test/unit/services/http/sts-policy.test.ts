// The policy host, asked over real sockets.

import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { openHttpServer } from '#services/http/server.ts'
import { createSite } from '#services/http/site.ts'
import { createStsPolicyHost } from '#services/http/sts-policy.ts'
import { noLimits } from '#shared/directory/records.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { FakeCertificates } from '#test/support/fake-certificates.ts'
import { MemoryLog } from '#test/support/memory-log.ts'

const POLICY = 'version: STSv1\r\nmode: enforce\r\nmx: mx.ours.test\r\nmax_age: 86400\r\n'
const PATH = '/.well-known/mta-sts.txt'

async function open({ tls = false, hasPolicy = true, isDown = false } = {}) {
  const log = new MemoryLog()
  const certificates = new FakeCertificates('mta-sts.ours.test')
  const parts = [
    {
      name: 'mta-sts',
      over: 'any',
      handler: createStsPolicyHost({
        domains: {
          async get(domain) {
            if (isDown) throw new TemporaryFailure('down')
            return domain === 'ours.test'
              ? { domain, accounts: 0, aliases: 0, createdMs: 0, limits: noLimits }
              : undefined
          },
        },
        policyText: () => (hasPolicy ? POLICY : undefined),
      }),
    },
  ] as const
  const server = await openHttpServer({
    addresses: ['127.0.0.1'],
    port: 0,
    tls: tls ? { certificates, policy: { minVersion: 'TLSv1.2' } } : undefined,
    answer: createSite({ parts, httpsPort: 8443, log }),
    limits: { clientConnectionCountLimit: 50 },
    clock: systemClock,
    log,
  })
  const [{ port } = { port: 0 }] = server.at
  async function ask(path: string, { host = 'mta-sts.ours.test', method = 'GET' } = {}) {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      method,
      headers: { host },
      rejectUnauthorized: false,
    }
    const asked = (tls ? httpsRequest : httpRequest)(options)
    asked.end()
    const [response] = await once(asked, 'response')
    return { status: response.statusCode, headers: response.headers, body: await text(response) }
  }
  return { server, port, log, certificates, ask, [Symbol.asyncDispose]: () => server.close() }
}

describe('the policy host', () => {
  it.each([false, true])('tells the policy of a domain of ours, with TLS: %s', async (tls) => {
    await using world = await open({ tls })
    const { status, headers, body } = await world.ask(PATH)
    expect({ status, body, type: headers['content-type'] }).toEqual({
      status: 200,
      body: POLICY,
      type: 'text/plain',
    })
    expect(headers['content-length']).toBe(String(POLICY.length))
  })

  it.each([
    ['of a domain that is not ours', PATH, 'mta-sts.there.test'],
    ['of ours by its own name', PATH, 'ours.test'],
    ['of no domain', PATH, 'mta-sts.'],
    ['of a name that is none', PATH, `mta-sts.${'a'.repeat(280)}`],
    ['elsewhere', '/', 'mta-sts.ours.test'],
    ['beside it', `${PATH}/..`, 'mta-sts.ours.test'],
  ])('tells nothing %s', async (_, path, host) => {
    await using world = await open()
    expect(await world.ask(path, { host })).toMatchObject({ status: 404, body: 'nothing here\n' })
  })

  it('tells it by other spellings of the name, and behind a query', async () => {
    await using world = await open()
    expect(await world.ask(`${PATH}?x=1`, { host: 'MTA-STS.Ours.test:443' })).toMatchObject({
      status: 200,
    })
  })

  it('shows the newest certificate', async () => {
    await using world = await open({ tls: true })
    const shown = async () => {
      const socket = connectTls({
        port: world.port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
      })
      await once(socket, 'secureConnect')
      const { fingerprint256 } = socket.getPeerCertificate()
      socket.destroy()
      return fingerprint256
    }
    const first = await shown()
    expect(await shown()).toBe(first)
    world.certificates.renew()
    expect(await shown()).not.toBe(first)
  })

  it('tells nothing where there is no policy', async () => {
    await using world = await open({ hasPolicy: false })
    expect(await world.ask(PATH)).toMatchObject({ status: 404 })
  })

  it('takes GET and HEAD', async () => {
    await using world = await open()
    expect(await world.ask(PATH, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
    expect(await world.ask(PATH, { method: 'POST' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    })
  })

  it('says that it cannot tell now, and why in the log', async () => {
    await using world = await open({ isDown: true })
    expect(await world.ask(PATH)).toMatchObject({ status: 503, body: 'not now\n' })
    expect(world.log.find('request not answered')).toBeDefined()
  })

  it('takes no header without end', async () => {
    await using world = await open()
    const socket = connect(world.port, '127.0.0.1')
    socket.write(`GET ${PATH} HTTP/1.1\r\nHost: mta-sts.ours.test\r\nX: ${'x'.repeat(17_000)}`)
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 431 /)
  })
})
