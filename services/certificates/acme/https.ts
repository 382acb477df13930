// HTTPS requests to the certificate authority. On node:https rather than fetch, which cannot be told which authorities to trust.

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request as startRequest } from 'node:https'
import { TemporaryFailure } from '#shared/runtime/errors.ts'

export type HttpsRequest = {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly url: string
  readonly headers?: { readonly [name: string]: string }
  readonly body?: string
}

export type HttpsAnswer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export type SendHttps = (request: HttpsRequest) => Promise<HttpsAnswer>

const REQUEST_TIMEOUT_MS = 30_000
const ANSWER_BYTES_MAX = 1024 ** 2

/** Trusts the authorities in the PEM text alone; without it those of the system. */
export function httpsSender(trusted?: string): SendHttps {
  return async ({ method, url, headers = {}, body }) => {
    try {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const request = startRequest(
          url,
          {
            method,
            // RFC 8555 §6.1 wants a User-Agent.
            headers: { 'user-agent': 'postwolke', ...headers },
            signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
            // A kept connection would be dead when a function wakes a day later.
            agent: false,
            ...(trusted !== undefined && { ca: trusted }),
          },
          resolve,
        )
        request.on('error', reject)
        request.end(body)
      })
      const text = await readText(answer)
      return { status: answer.statusCode ?? 0, headers: answer.headers, text }
    } catch (error) {
      throw new TemporaryFailure(`${method} ${url} failed`, { cause: error })
    }
  }
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`an answer longer than ${ANSWER_BYTES_MAX} bytes`)
  }
  return Buffer.concat(chunks).toString('utf8')
}
