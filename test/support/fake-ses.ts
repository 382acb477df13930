// The API of SES on loopback, as far as it is used: keeps what it is asked, and answers as it is told.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'

export type SesRequest = { readonly path: string; readonly body: Readonly<Record<string, unknown>> }
export type SesAnswer = { readonly status: number; readonly type?: string; readonly body: object }

export interface FakeSes extends AsyncDisposable {
  readonly endpoint: string
  readonly asked: readonly SesRequest[]
  /** What it was given to send. */
  readonly sent: readonly SentBySes[]
  /** In place of what it says otherwise: ten recipients a second, and an id. Undefined: the usual answer. */
  instead: (request: SesRequest) => SesAnswer | undefined
}

export type SentBySes = {
  readonly sender: string | undefined
  readonly recipients: readonly string[]
  /** Byte string. */
  readonly message: string
}

export const SES_ACCOUNT_PATH = '/v2/email/account'
const SEND_PATH = '/v2/email/outbound-emails'

export async function openFakeSes(): Promise<FakeSes> {
  const asked: SesRequest[] = []
  const server = createServer(async (request, response) => {
    const text = (await buffer(request)).toString()
    const seen = { path: request.url ?? '', body: text === '' ? {} : JSON.parse(text) }
    asked.push(seen)
    const { status, type, body } = fake.instead(seen) ?? usual(seen)
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(type !== undefined && { 'x-amzn-errortype': type }),
    })
    response.end(JSON.stringify(body))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const fake: FakeSes = {
    endpoint: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    asked,
    get sent() {
      return asked.flatMap((one) => (one.path === SEND_PATH ? [sentOf(one)] : []))
    },
    instead: () => undefined,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return fake
}

const usual = ({ path }: SesRequest): SesAnswer =>
  path === SES_ACCOUNT_PATH
    ? { status: 200, body: { SendQuota: { MaxSendRate: 10 } } }
    : { status: 200, body: { MessageId: 'id-1' } }

function sentOf({ body }: SesRequest): SentBySes {
  const { FromEmailAddress: sender, Destination, Content } = body
  return {
    sender: typeof sender === 'string' ? sender : undefined,
    recipients: Object(Destination).ToAddresses,
    message: Buffer.from(String(Object(Object(Content).Raw).Data), 'base64').toString('latin1'),
  }
}
