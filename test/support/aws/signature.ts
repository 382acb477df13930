// Whether a request is signed as AWS wants it (Signature Version 4), worked out anew from what came.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export const testCredentials: {
  readonly accessKeyId: string
  readonly secretAccessKey: string
} = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}

export type Signed = { readonly service: string; readonly region: string }

/** Undefined where it is not signed by the test's key, for this very request. */
export function signedBy(request: IncomingMessage, body: string): Signed | undefined {
  const header = request.headers.authorization ?? ''
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
      header,
    )
  if (found === null) return undefined
  const [, key, date = '', region = '', service = '', names = '', signature = ''] = found
  if (key !== testCredentials.accessKeyId) return undefined
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://host')
  const query = [...searchParams]
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .sort()
    .join('&')
  const headers = names
    .split(';')
    .map((name) => `${name}:${String(request.headers[name] ?? '').trim()}\n`)
    .join('')
  const canonical = [request.method, pathname, query, headers, names, sha256(body)].join('\n')
  const scope = `${date}/${region}/${service}/aws4_request`
  const time = String(request.headers['x-amz-date'])
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const signingKey = [date, region, service, 'aws4_request'].reduce<Buffer | string>(
    hmac,
    `AWS4${testCredentials.secretAccessKey}`,
  )
  const wanted = hmac(signingKey, text)
  const isSame = timingSafeEqual(wanted, Buffer.from(signature, 'hex'))
  return isSame && time.startsWith(date) ? { service, region } : undefined
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest()
