// An HTTP API of API Gateway in front of a function: makes an event of a request (payload 2.0) as the gateway does, and is as strict as it with
// what comes back. The gateway answers what it does not understand with 500, and says nothing; here it throws and says what.

import type { LambdaPool } from './lambda-pool.ts'
import type { Deployment } from './running-deployment.ts'

/** Of an answer, as JSON. */
const ANSWER_BYTES_MAX = 6 * 1024 * 1024
const PAYLOAD_BYTES_MAX = 10 * 1024 * 1024
const allowedKeys = new Set(['statusCode', 'headers', 'cookies', 'body', 'isBase64Encoded'])
/** A body of another kind comes in base64. */
const textType = /^(?:text\/|application\/(?:json|javascript|xml)(?:;|$))/

export type HttpGateway = {
  readonly host: string
  /** `address`: of the client. */
  fetch(request: Request, address?: string): Promise<Response>
}

/** The function that the templates let the gateway call. */
export function httpApiOf(deployment: Deployment, host: string): HttpGateway {
  const { inventory } = deployment
  const callable = inventory.permissions.filter(
    ({ principal }) => principal === 'apigateway.amazonaws.com',
  )
  if (callable.length === 0) throw new Error('no function may be called by an HTTP API')
  const arns = new Set(callable.map(({ functionArn }) => functionArn))
  const [arn = ''] = arns
  if (arns.size !== 1) throw new Error('more than one function is called by HTTP APIs')
  const pool: LambdaPool = deployment.function(
    inventory.function(arn).logicalId.replace(/[0-9A-F]{8}$/, ''),
  )
  return {
    host,
    async fetch(request, address = '192.0.2.7') {
      const event = JSON.stringify(await eventOf(request, host, address))
      const outcome = await pool.invoke(event)
      if (outcome.kind === 'failed') throw new Error(`500: ${outcome.payload}`)
      return responseOf(outcome.payload)
    },
  }
}

async function eventOf(request: Request, domainName: string, sourceIp: string) {
  const { pathname, search } = new URL(request.url)
  const headers: Record<string, string> = { host: domainName, 'x-forwarded-for': '203.0.113.99' }
  for (const [name, value] of request.headers) if (name !== 'cookie') headers[name] = value
  const cookies = request.headers.get('cookie')?.split(/; ?/)
  const body = Buffer.from(await request.arrayBuffer())
  if (body.length > PAYLOAD_BYTES_MAX) throw new Error('413: more than 10 MB')
  const isBase64Encoded = body.length > 0 && !textType.test(headers['content-type'] ?? '')
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    ...(cookies && { cookies }),
    headers,
    requestContext: {
      accountId: '000000000000',
      apiId: 'api',
      domainName,
      http: {
        method: request.method,
        path: pathname,
        protocol: 'HTTP/1.1',
        sourceIp,
        userAgent: '',
      },
      requestId: 'id',
      routeKey: '$default',
      stage: '$default',
      timeEpoch: 0,
    },
    ...(body.length > 0 && { body: body.toString(isBase64Encoded ? 'base64' : 'utf8') }),
    isBase64Encoded,
  }
}

function responseOf(payload: string): Response {
  if (Buffer.byteLength(payload) > ANSWER_BYTES_MAX) throw new Error('500: more than 6 MB')
  const answer: Record<string, unknown> = JSON.parse(payload)
  const { statusCode, headers, cookies, body, isBase64Encoded } = answer
  const refuse = (what: string): never => {
    throw new Error(`500: ${what} in ${payload.slice(0, 300)}`)
  }
  for (const key of Object.keys(answer)) if (!allowedKeys.has(key)) refuse(key)
  if (typeof statusCode !== 'number' || !Number.isInteger(statusCode)) refuse('statusCode')
  if (typeof body !== 'string' || typeof isBase64Encoded !== 'boolean') refuse('body')
  const fields = new Headers()
  for (const [name, value] of Object.entries(Object(headers))) {
    if (typeof value !== 'string' || name.toLowerCase() === 'set-cookie') refuse(name)
    fields.set(name, String(value))
  }
  if (!Array.isArray(cookies)) return refuse('cookies')
  for (const cookie of cookies) fields.append('set-cookie', String(cookie))
  const bytes = Buffer.from(String(body), isBase64Encoded === true ? 'base64' : 'utf8')
  const isEmpty = bytes.length === 0
  return new Response(isEmpty ? null : bytes, { status: Number(statusCode), headers: fields })
}
