// A real server asked over HTTP beside its mail: what is public, what is not, and clients that mean harm.

import { once } from 'node:events'
import { get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '#test/support/accounts.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let server: ServerProcess

beforeAll(async () => {
  const folder = resources.use(await temporaryFolder()).path
  server = await startServer(folder, await freePorts(), ['clientConnectionCountLimit=30'])
  resources.defer(async () => void (await server.end('SIGTERM')))
})
afterAll(() => resources.disposeAsync())

async function ask(path: string) {
  const [response] = await once(
    get({ host: '127.0.0.1', port: server.ports.http, path }),
    'response',
  )
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

describe('the API', () => {
  it('tells its document', async () => {
    const { status, body } = await ask('/api/openapi.json')
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ openapi: '3.1.0' })
  })

  it.each(['/api/v1/accounts', '/api/v1/domains', '/api/v1/accessTables'])(
    'tells nobody who has not signed in what is at %s',
    async (path) => {
      const { status, headers, body } = await ask(path)
      expect(status).toBe(401)
      expect(headers['content-type']).toBe('application/problem+json')
      expect(JSON.parse(body)).toMatchObject({ code: 'not-signed-in' })
    },
  )

  it('knows no other operation, and no other method', async () => {
    expect((await ask('/api/v1/moons')).status).toBe(404)
    expect((await ask('/api/')).status).toBe(404)
  })
})

describe('clients that mean harm', () => {
  const sockets: Socket[] = []
  afterAll(() => {
    for (const socket of sockets) socket.destroy()
  })

  function attack(words: string): void {
    const socket = connect(server.ports.http, '127.0.0.1')
    socket.on('error', () => {}).resume()
    socket.write(words)
    sockets.push(socket)
  }

  it('do not keep mail waiting', async () => {
    for (let n = 0; n < 20; n++) {
      // A header without end, a body that never comes, and as many questions as fit, read by nobody.
      attack(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(n)}`)
      attack('POST /api/v1/session HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n{')
      attack('GET /api/v1/accounts HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(500))
      attack(
        `POST /api/v1/session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n${'['.repeat(60_000)}`,
      )
    }
    await using smtp = await SmtpClient.open(server.ports.smtp)
    await smtp.hello()
    expect((await smtp.command('NOOP')).text).toMatch(/^250 /)
    expect((await smtp.command('RSET')).text).toMatch(/^250 /)
  })

  it('are as many as one network may be, and the rest is turned away', async () => {
    await eventually('it is logged', () => server.output().includes('too many connections'))
    for (const socket of sockets.splice(0)) socket.destroy()
    const { status } = await ask('/api/openapi.json')
    expect(status).toBe(200)
  })
})
