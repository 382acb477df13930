// Stands before an emulator and can let requests fail, as a service that is away does: for what a role may do only then.

import { once } from 'node:events'
import { createServer, type IncomingMessage, request as send } from 'node:http'

export interface FaultyBackend extends AsyncDisposable {
  readonly url: string
  /** Asked before each request, with the access key that signed it and the action such as `GetItem`. */
  fails: (accessKeyId: string, action: string) => boolean
}

export async function openFaultyBackend(backend: string): Promise<FaultyBackend> {
  const { hostname, port } = new URL(backend)
  const server = createServer((request, response) => {
    if (faulty.fails(accessKeyOf(request), actionOf(request))) {
      request.resume()
      return void response.writeHead(500).end()
    }
    const { method, url: path, headers } = request
    const upstream = send({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    upstream.on('error', () => response.destroy())
    request.pipe(upstream)
  })
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const faulty: FaultyBackend = {
    url: `http://127.0.0.1:${address.port}`,
    fails: () => false,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
  return faulty
}

function accessKeyOf({ headers }: IncomingMessage): string {
  return /Credential=([^/]+)/.exec(headers.authorization ?? '')?.[1] ?? ''
}

function actionOf({ headers }: IncomingMessage): string {
  return String(headers['x-amz-target']).split('.').at(-1) ?? ''
}
