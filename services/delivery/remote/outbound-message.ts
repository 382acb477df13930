// A queued message as it leaves: the header fields that were added, the object's bytes, the steps that bring them into the form that a
// host takes, and what it needs of SMTP's extensions. That is found in the bytes; what was said in MAIL when it came does not count, but for
// one thing: 8-bit header fields of whom did not ask for SMTPUTF8 are sent as they are to anybody, as Postfix does.

import { headerFields } from '#shared/mail/header-field.ts'
import { decodeIndex } from '#shared/mail/index-codec.ts'
import { HEADER_INDEXED_BYTES_MAX, type MessageIndex } from '#shared/mail/message-index.ts'
import { StoredMessage } from '#shared/message/stored-message.ts'
import { addedFields } from '#shared/queue/added-fields.ts'
import { blobOf } from '#shared/queue/blob.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import { genericFields, putFields } from './generic-fields.ts'
import type { Generic } from './leaving-envelope.ts'
import { foldLines } from './line-folding.ts'
import { composeOutbound, type OutboundMessage } from './outbound-form.ts'
import { convertTo7Bit, hasEightBitHeader } from './seven-bit.ts'
import type { Signing } from './signing/signing.ts'

/** Reads as much of the object as it takes to know what the message needs: mostly nothing. */
export async function openOutboundMessage(
  message: QueuedMessage,
  deps: { readonly objects: ObjectStore; readonly signing?: Signing | undefined },
  options: {
    readonly hostname: string
    /** 0 for no limit. */
    readonly lineBytesMax: number
    /** Addresses in header fields become others; undefined: they stay. */
    readonly generic?: Generic | undefined
    /** To whom it was sent before an alias or a forward took it out. */
    readonly forwarder?: string | undefined
  },
): Promise<OutboundMessage> {
  const added = addedFields(message, options.hostname)
  const { prepend, envelope } = message
  const completed = added.slice(prepend.length)
  const index = decodeIndex(message.index)
  const open = new StoredMessage(deps.objects, blobOf(message, added), '')
  const objectBytes = open.size - added.length
  const object = (length = objectBytes) => open.stream(added.length, length)
  const needsSmtpUtf8 =
    !isAscii(completed) ||
    (envelope.smtpUtf8 && index.eightBit && (await hasEightBitHeader(object, index.structure)))
  const header = () => open.stream(0, Math.min(open.headerBytes, HEADER_INDEXED_BYTES_MAX))
  const lineBytesMax = await foldingLimit(added, index, header, options.lineBytesMax)
  const { generic } = options
  const changed = generic && (await genericFields(await textOf(header()), generic))
  const { forwarder } = options
  const sign = deps.signing?.stepFor(message, { forwarder, lineBytesMax })
  return composeOutbound(
    {
      bytes: open.size,
      needs: { smtpUtf8: needsSmtpUtf8, eightBit: index.eightBit || !isAscii(completed) },
      // RFC 6531 §3.7.3 wants addresses in trace fields in UTF-8 only where SMTPUTF8 is used. As long as before, as SIZE was told.
      fieldsFor: ({ smtpUtf8 }) =>
        (smtpUtf8 ? prepend : prepend.replace(/[^\x00-\x7f]/g, '?')) + completed,
      object,
      objectBytes,
    },
    [
      // First, since it goes by the structure of the object as it is stored.
      ...(index.eightBit ? [convertTo7Bit(index.structure)] : []),
      ...(changed === undefined || changed.size === 0 ? [] : [putFields(changed)]),
      ...(lineBytesMax === 0 ? [] : [foldLines(lineBytesMax)]),
      // Last: whoever changes a byte behind it breaks it.
      ...(sign === undefined ? [] : [sign]),
    ],
  )
}

/** How long lines may be; 0 where none is too long, or folding would break the signature of the message. */
async function foldingLimit(
  added: string,
  { lineBytesMax, structure }: Pick<MessageIndex, 'lineBytesMax' | 'structure'>,
  header: () => AsyncIterable<Uint8Array>,
  limit: number,
): Promise<number> {
  const longest = Math.max(lineBytesMax, ...added.split('\r\n').map(({ length }) => length))
  if (limit === 0 || longest <= limit) return 0
  if (structure.type === 'multipart' && structure.subtype === 'signed') return 0
  const isSigned = headerFields(Buffer.concat(await Array.fromAsync(header()))).some(
    ({ name }) => name.toLowerCase() === 'dkim-signature',
  )
  return isSigned ? 0 : limit
}

const textOf = async (bytes: AsyncIterable<Uint8Array>) =>
  Buffer.concat(await Array.fromAsync(bytes)).toString('latin1')

function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text)
}
