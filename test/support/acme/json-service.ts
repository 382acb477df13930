// A loopback server that speaks AWS JSON 1.1 as far as a fake of one service needs it.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'

export type Operations = { readonly [operation: string]: (input: Input) => object }
/** Fields of the request, unchecked. */
export type Input = { readonly [field: string]: unknown }

/** What an operation throws to answer with an error of the service. */
export class ServiceError extends Error {
  readonly status: number

  constructor(name: string, status = 400) {
    super(name)
    this.name = name
    this.status = status
  }
}

export interface FakeService extends AsyncDisposable {
  readonly endpoint: string
  /** Operations asked for, in order. */
  readonly calls: string[]
  /** While set, every request is answered with this error. */
  failing: ServiceError | undefined
}

export async function startJsonService(operations: Operations): Promise<FakeService> {
  const calls: string[] = []
  const server = createServer(async (request, response) => {
    const [, operation = ''] = String(request.headers['x-amz-target']).split('.')
    const input: Input = JSON.parse(await bodyOf(request))
    calls.push(operation)
    response.setHeader('content-type', 'application/x-amz-json-1.1')
    try {
      if (service.failing !== undefined) throw service.failing
      const run = operations[operation]
      if (run === undefined) throw new ServiceError('UnknownOperationException')
      response.end(JSON.stringify(run(input)))
    } catch (error) {
      const known = error instanceof ServiceError ? error : new ServiceError(String(error), 500)
      response.statusCode = known.status
      response.end(JSON.stringify({ __type: known.name, message: known.message }))
    }
  })
  const service: FakeService = {
    endpoint: await listen(server),
    calls,
    failing: undefined,
    [Symbol.asyncDispose]: () => stop(server),
  }
  return service
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

export async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}

export async function stop(server: Server): Promise<void> {
  server.close()
  server.closeAllConnections()
}

/** For the SDK's clients; nobody checks them. */
export const clientOptions = {
  region: 'eu-central-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
} as const
