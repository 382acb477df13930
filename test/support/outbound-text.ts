import type { OutboundMessage } from '#services/delivery/remote/outbound-form.ts'

/** A text on its way out, the same for every host. */
export function textMessage(text: string | Uint8Array, pieceBytes = 65_536): OutboundMessage {
  const bytes = Buffer.from(text)
  return {
    bytes: bytes.length,
    needs: { smtpUtf8: false, eightBit: false },
    formFor: async () => ({
      declaredBytes: bytes.length,
      async *read() {
        for (let at = 0; at < bytes.length; at += pieceBytes) {
          yield bytes.subarray(at, at + pieceBytes)
        }
      },
    }),
  }
}
