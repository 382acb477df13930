import type { ByteString } from '#shared/mail/message-index.ts'
import { transferDecoder } from '#shared/mail/transfer-decoding.ts'

/** All of the bytes at once; undefined for an encoding that is not known. */
export function decodeTransfer(bytes: Uint8Array, encoding: ByteString): Uint8Array | undefined {
  const decoder = transferDecoder(encoding)
  if (decoder === undefined) return undefined
  const decoded = decoder.push(bytes)
  const rest = decoder.finish()
  return rest.length === 0 ? decoded : Buffer.concat([decoded, rest])
}
