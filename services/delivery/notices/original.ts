// The message that a notice is about, as far as it is sent back: all of a small one, else its header, cut where it is too long.

import type { Returned } from '#shared/mail/dsn/report.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import { MessageLost, StoredMessage } from '#shared/message/stored-message.ts'
import { addedFields } from '#shared/queue/added-fields.ts'
import { blobOf } from '#shared/queue/blob.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'

export type Original = {
  /** Without the empty line that ends it; whole fields. */
  readonly header: Buffer
  /** Null where it is larger than what is sent back, or has bytes that no report may hold. */
  readonly whole: Buffer | null
}

/** Undefined where it is not there any more: its sender is told all the same. */
export type ReadOriginal = (message: QueuedMessage) => Promise<Original | undefined>

export function createReadOriginal(
  objects: ObjectStore,
  options: {
    readonly hostname: string
    /** Of the whole, and of the header; nothing larger is in memory. */
    readonly bounceSizeLimit: number
  },
): ReadOriginal {
  const { hostname, bounceSizeLimit } = options

  return async function readOriginal(message) {
    const open = new StoredMessage(objects, blobOf(message, addedFields(message, hostname)), '')
    const { envelope } = message
    const mayBeWhole =
      open.size <= bounceSizeLimit &&
      envelope.body !== 'BINARYMIME' &&
      envelope.dsnReturn !== 'HDRS' &&
      // RFC 8689 §5
      !envelope.requireTls
    const bytes = mayBeWhole ? open.size : Math.min(open.headerBytes, bounceSizeLimit)
    try {
      const read = Buffer.concat(await Array.fromAsync(open.stream(0, bytes)))
      const header = wholeLines(read.subarray(0, open.headerBytes))
      return { header, whole: mayBeWhole ? read : null }
    } catch (error) {
      if (error instanceof MessageLost) return undefined
      throw error
    }
  }
}

/** Without a line that is cut, and without the empty one. */
function wholeLines(header: Buffer): Buffer {
  const end = header.lastIndexOf('\r\n')
  const lines = header.subarray(0, end < 0 ? 0 : end + 2)
  const isEnded = lines.subarray(-4).toString('latin1') === '\r\n\r\n'
  return isEnded ? lines.subarray(0, -2) : lines
}

export function returnedOf(
  { envelope }: Pick<QueuedMessage, 'envelope'>,
  { header, whole }: Original,
  wanted: Returned['kind'],
): Returned {
  const isInternational = envelope.smtpUtf8 && header.some((byte) => byte > 0x7f)
  return wanted === 'full' && whole !== null
    ? { kind: 'full', bytes: whole, isInternational }
    : { kind: 'headers', bytes: header, isInternational }
}

/** For whoever looks into it. */
export const headerText = ({ header }: Original): ByteString => header.toString('latin1')
