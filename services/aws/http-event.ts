// An event of an HTTP API (API Gateway, payload 2.0) as a request of the fetch standard, and a response as what it takes for an answer.
//
// Implementation notes:
// - Who asks, and by which name, is what the gateway says of the connection; header fields are the client's own words.
// - An answer of Lambda has 6 MB at most, as JSON. What is longer is compressed where the client takes that, and else refused with
//   an error that says so, instead of the gateway's own, which says nothing.

import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { WebCaller } from '#shared/contracts/web.ts'

/** What is used of it. */
export type HttpEvent = {
  readonly version: string
  readonly rawPath: string
  readonly rawQueryString: string
  readonly cookies?: readonly string[]
  /** Names in lower case; several fields of one name are one, with commas. */
  readonly headers: { readonly [name: string]: string | undefined }
  readonly requestContext: {
    readonly domainName: string
    readonly http: { readonly method: string; readonly sourceIp: string }
  }
  readonly body?: string
  readonly isBase64Encoded: boolean
}

export type HttpAnswer = {
  readonly statusCode: number
  readonly headers: { readonly [name: string]: string }
  readonly cookies: readonly string[]
  readonly body: string
  readonly isBase64Encoded: boolean
}

/** Of the 6 MiB that Lambda takes; the rest is for header fields. */
export const ANSWER_BYTES_MAX = 6_000_000
/** What a body may have before it is looked at: compressed it may fit. */
export const BODY_BYTES_MAX = 48 * 1024 * 1024
/** Of a text; shorter ones are not worth the time. */
const COMPRESSED_FROM_BYTES = 64 * 1024

/** Undefined: a method or a name that nobody may ask by. HEAD is asked as GET. */
export function requestOfEvent(
  event: HttpEvent,
): { readonly request: Request; readonly caller: WebCaller } | undefined {
  const { rawPath, rawQueryString, cookies = [], body, isBase64Encoded } = event
  const { domainName, http } = event.requestContext
  if (!rawPath.startsWith('/') || !/^[\w.-]{1,253}$/.test(domainName)) return undefined
  const method = http.method === 'HEAD' ? 'GET' : http.method
  const query = rawQueryString === '' ? '' : `?${rawQueryString}`
  const hasBody = body !== undefined && body !== '' && method !== 'GET'
  try {
    const headers = new Headers()
    for (const [name, value] of Object.entries(event.headers)) {
      if (value !== undefined) headers.set(name, value)
    }
    // RFC 6265 §5.4: one field.
    if (cookies.length > 0) headers.set('cookie', cookies.join('; '))
    // Behind the host, so that a path which begins with two slashes names no other.
    const url = new URL(`https://${domainName}`)
    url.pathname = rawPath
    url.search = query
    const request = new Request(url, {
      method,
      headers,
      ...(hasBody && { body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8') }),
    })
    // The gateway speaks TLS alone.
    return { request, caller: { address: http.sourceIp, isSecure: true } }
  } catch {
    return undefined
  }
}

/** `asked`: the event, of which the method and what the client takes count. */
export async function answerOfResponse(response: Response, asked: HttpEvent): Promise<HttpAnswer> {
  const { status } = response
  const headers = Object.fromEntries(
    // The gateway measures for itself.
    [...response.headers].filter(([name]) => name !== 'set-cookie' && name !== 'content-length'),
  )
  const cookies = response.headers.getSetCookie()
  const nothing = { statusCode: status, headers, cookies, body: '', isBase64Encoded: false }
  if (response.body === null || asked.requestContext.http.method === 'HEAD') {
    await response.body?.cancel()
    return nothing
  }
  const bytes = await readUpTo(response.body, BODY_BYTES_MAX)
  if (bytes === undefined) return tooLarge
  const isPlain = isText(headers)
  if (isPlain && bytes.length >= COMPRESSED_FROM_BYTES && takesGzip(asked)) {
    const body = (await compress(bytes)).toString('base64')
    if (body.length > ANSWER_BYTES_MAX) return tooLarge
    const vary = headers.vary === undefined ? '' : `${headers.vary}, `
    const encoded = { ...headers, 'content-encoding': 'gzip', vary: `${vary}accept-encoding` }
    return { ...nothing, headers: encoded, body, isBase64Encoded: true }
  }
  const body = bytes.toString(isPlain ? 'utf8' : 'base64')
  // Quotes and controls are longer in JSON.
  if (Buffer.byteLength(JSON.stringify(body)) > ANSWER_BYTES_MAX) return tooLarge
  return { ...nothing, body, isBase64Encoded: !isPlain }
}

const compress = promisify(gzip)

async function readUpTo(
  body: ReadableStream<Uint8Array>,
  bytesMax: number,
): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > bytesMax) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** All of ours is UTF-8. */
const isText = (headers: { readonly [name: string]: string }) =>
  headers['content-encoding'] === undefined &&
  /^(?:text\/|application\/(?:[\w.-]{1,40}\+)?(?:json|x-ndjson)\b)/.test(
    headers['content-type'] ?? '',
  )

/** RFC 9110 §12.5.3: named, and not with the weight 0. */
const takesGzip = ({ headers }: HttpEvent) =>
  (headers['accept-encoding'] ?? '').split(',').some((part) => {
    const [coding = '', weight = 'q=1'] = part.split(';', 2).map((word) => word.trim())
    return coding.toLowerCase() === 'gzip' && Number(weight.slice('q='.length)) !== 0
  })

const tooLarge: HttpAnswer = {
  statusCode: 500,
  headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
  cookies: [],
  body: JSON.stringify({
    type: 'about:blank',
    title: 'Internal Server Error',
    status: 500,
    code: 'answer-too-large',
    detail: 'the answer is longer than 6 MB; ask for less at a time',
  }),
  isBase64Encoded: false,
}
