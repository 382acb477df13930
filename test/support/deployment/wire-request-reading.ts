// From HTTP to a `WireRequest`: who asks and which service, from the signature's scope, and the body where it says what is wanted.

import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { WireRequest } from './wire-request.ts'

export type Credential = { readonly accessKeyId: string; readonly service: string }

/**
 * AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …, or the same in the query of a link. Empty strings for anything
 * else.
 */
export function parseCredential({ headers, url = '' }: IncomingMessage): Credential {
  const inQuery = new URLSearchParams(url.split('?', 2)[1]).get('X-Amz-Credential')
  const told = headers.authorization ?? `Credential=${inQuery}`
  const [, accessKeyId = '', service = ''] =
    /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\/aws4_request/.exec(told) ?? []
  return { accessKeyId, service }
}

/** Reads the body except for S3, whose objects may be large and whose operations do not depend on it. */
export async function readWireRequest(
  request: IncomingMessage,
  service: string,
): Promise<{ readonly parsed: WireRequest; readonly body: Uint8Array | undefined }> {
  const { method = '', url = '/', headers } = request
  const [path = '/', query = ''] = url.split('?', 2)
  const body = service === 's3' ? undefined : await buffer(request)
  return {
    body,
    parsed: {
      service,
      method,
      path,
      query: new URLSearchParams(query),
      headers,
      body: parsedBody(body, headers['content-type']),
    },
  }
}

function parsedBody(body: Uint8Array | undefined, contentType: string | undefined): unknown {
  if (body === undefined) return undefined
  const text = Buffer.from(body).toString()
  if (contentType?.startsWith('application/x-amz-json') !== true) return text
  try {
    return JSON.parse(text)
  } catch {
    return text // no operation finds in it what it needs
  }
}
