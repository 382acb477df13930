// The base64 of SASL exchanges: RFC 4648 §4, padded, nothing else in it (RFC 4954 §4, RFC 5034 §4).

import { asBuffer } from '#shared/runtime/bytes.ts'

/** Undefined when the text is not exactly what encoding its bytes gives: Buffer alone skips what it does not understand. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

/** The initial response of an AUTH command, where `=` stands for an empty one. */
export function decodeInitialResponse(text: string): Uint8Array | undefined {
  return text === '=' ? new Uint8Array() : decodeBase64(text)
}

export function encodeBase64(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64')
}
