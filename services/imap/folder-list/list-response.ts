// LIST and LSUB responses as bytes.

import { ResponseWriter } from '#shared/imap/response-writer.ts'
import { DELIMITER, keptName } from '../folder-names.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'

/** Bytes of many responses collected before they are sent. */
const PIECE_BYTES = 32 * 1024

/** To be called between responses where there may be many. */
export async function sendPiece(writer: ResponseWriter, wire: Wire): Promise<void> {
  if (writer.bytes < PIECE_BYTES) return
  for (const piece of writer.take()) wire.write(piece)
  await wire.room()
}

export type ListEntry = {
  readonly path: string
  /** With backslash. */
  readonly attributes: readonly string[]
  /** Selection options that something below the mailbox matches (RFC 5258 §3.5). */
  readonly childInfo?: readonly string[]
  /** What the mailbox was called (RFC 9051 §6.3.9.7). */
  readonly oldName?: string
}

/** mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox [SP mbox-list-extended] */
export function writeListEntry(
  writer: ResponseWriter,
  entry: ListEntry,
  name: 'LIST' | 'LSUB' = 'LIST',
): void {
  writer.raw(`* ${name} (${entry.attributes.join(' ')}) "${DELIMITER}" `)
  writer.mailbox(entry.path)
  const { childInfo, oldName } = entry
  if (childInfo !== undefined) {
    writer.raw(` ("CHILDINFO" (${childInfo.map((option) => `"${option}"`).join(' ')}))`)
  } else if (oldName !== undefined) {
    writer.raw(' ("OLDNAME" (')
    writer.mailbox(oldName)
    writer.raw('))')
  }
  writer.endLine()
}

/** The delimiter, asked for with an empty pattern: all names begin at the same root, ''. RFC 9051 §6.3.9 */
export function writeDelimiter(writer: ResponseWriter, name: 'LIST' | 'LSUB'): void {
  writer.raw(`* ${name} (\\Noselect) "${DELIMITER}" ""`)
  writer.endLine()
}

/** RFC 9051 §6.3.9.7: a name that is kept in another form than it was given (NFC) is told, to clients that know OLDNAME. */
export function tellNormalized(
  session: Session,
  wire: Wire,
  given: string,
  oldName: string = given,
): void {
  const path = keptName(given)
  if (path === given || !session.enabled.has('IMAP4REV2')) return
  const writer = new ResponseWriter()
  writer.utf8 = session.utf8
  writeListEntry(writer, { path, attributes: [], oldName })
  wire.write(writer.takeBuffer())
}
