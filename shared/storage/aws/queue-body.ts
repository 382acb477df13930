// SQS carries only the characters of XML 1.0; the port carries any string.

const ENCODED = 'base64:'
/** What can be sent as it is. Characters beyond U+FFFF would be allowed too, but are rare and need a slower test. */
const plain = /^[\t\n\r -\uD7FF\uE000-\uFFFD]+$/

export function encodeBody(body: string): string {
  if (plain.test(body) && !body.startsWith(ENCODED)) return body
  return ENCODED + Buffer.from(body).toString('base64')
}

export function decodeBody(sent: string): string {
  if (!sent.startsWith(ENCODED)) return sent
  return Buffer.from(sent.slice(ENCODED.length), 'base64').toString()
}
