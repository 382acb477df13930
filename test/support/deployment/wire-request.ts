// A request to AWS as it came over the wire, with the parts that say what is wanted.

import type { IncomingHttpHeaders } from 'node:http'
import { type JsonRecord, recordOf } from './json.ts'

export type WireRequest = {
  /** As in the credential scope of the signature: `dynamodb`, `s3`, `sqs`, `secretsmanager`, `lambda`, `acm`, `route53`, `ses`. */
  readonly service: string
  readonly method: string
  /** Percent-encoded as it came, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** Parsed JSON, the text of other bodies, undefined where the body is not looked at. */
  readonly body: unknown
}

/** Where the emulated resources are. */
export type Place = { readonly region: string; readonly accountId: string }

export class UnknownRequest extends Error {
  constructor(request: WireRequest, why = 'not known') {
    const query = request.query.size > 0 ? `?${request.query}` : ''
    const target = request.headers['x-amz-target'] ?? ''
    super(`${request.service} ${request.method} ${request.path}${query} ${target}: ${why}`)
    this.name = 'UnknownRequest'
  }
}

/** The operation of a JSON protocol: the last part of `X-Amz-Target`. */
export function targetOperation(request: WireRequest): string {
  const target = request.headers['x-amz-target']
  if (typeof target !== 'string') throw new UnknownRequest(request, 'no X-Amz-Target')
  return target.slice(target.lastIndexOf('.') + 1)
}

export function bodyOf(request: WireRequest): JsonRecord {
  return recordOf(request.body)
}

export function requiredText(request: WireRequest, value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '') throw new UnknownRequest(request, `no ${name}`)
  return value
}
