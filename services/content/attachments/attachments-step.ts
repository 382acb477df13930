// Forbidden attachments, by the names of files and of files in archives, as a step of the content stage. It must stand before those that
// give another body: it finds parts by the index of the message as it came.

import type { ContentMessage, ContentStep, StepVerdict } from '#shared/contracts/content.ts'
import { acceptContent } from '#shared/contracts/content.ts'
import { PART_DEPTH_MAX, type Part } from '#shared/mail/message-index.ts'
import { type TransferDecoder, transferDecoder } from '#shared/mail/transfer-decoding.ts'
import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import { splitMessage } from '../split-message.ts'
import { Archive, type ArchiveLimits, type Finding } from './archive.ts'
import { fileNames, fileType, leavesOf } from './file-name.ts'

export type AttachmentRules = {
  /** Endings in lower case, without the dot. */
  readonly forbidden: readonly string[]
  readonly action: 'reject' | 'quarantine'
  readonly forbidsEncrypted: boolean
}

/** Memory for archives in archives, of all messages together. */
const ARCHIVES_BYTES_MAX = 64 * 1024 * 1024
const SHOWN_CHARACTERS_MAX = 100

/** Undefined where nothing is forbidden. */
export function attachmentsStep(rules: AttachmentRules): ContentStep | undefined {
  const { forbidden, forbidsEncrypted } = rules
  if (forbidden.length === 0 && !forbidsEncrypted) return undefined
  const types = new Set(forbidden)
  const budget = new ByteBudget(ARCHIVES_BYTES_MAX)
  const isForbidden = (name: string) => types.has(fileType(name))

  function objection(finding: Finding): string | undefined {
    if (finding.kind === 'name') {
      return isForbidden(finding.name) ? `file ${shown(finding.name)}` : undefined
    }
    return forbidsEncrypted ? `closed archive with ${shown(finding.name)}` : undefined
  }

  async function judge(message: ContentMessage): Promise<StepVerdict> {
    const { structure, headerBytes } = message.spooled.index
    if (hasUnread(structure)) return verdict('more parts than are looked at', rules)
    const leaves = leavesOf(structure)
    for (const name of leaves.flatMap(fileNames)) {
      const found = objection({ kind: 'name', name })
      if (found !== undefined) return verdict(found, rules)
    }
    const archives = leaves.filter(mayBeArchive).sort((a, b) => a.body[0] - b.body[0])
    if (archives.length === 0) return acceptContent
    let found: string | undefined
    const limits: ArchiveLimits = { entries: 0, nested: 0 }
    const open = () =>
      new Archive({ budget, limits, find: (finding) => (found ??= objection(finding)) })
    const { body } = await splitMessage(message.open())
    for await (const end of readParts(body, headerBytes, archives, open)) {
      if (found !== undefined) return verdict(found, rules)
      if (end) break
    }
    return found === undefined ? acceptContent : verdict(found, rules)
  }

  return { name: 'attachments', begin: () => ({ judge }) }
}

/** Beyond the limits of the index: of many parts the last is all the rest, without a header, and one too deep is opaque. */
function hasUnread(part: Part, depth = 1): boolean {
  switch (part.kind) {
    case 'leaf':
      return depth >= PART_DEPTH_MAX || (part.type === 'application' && part.header[1] === 0)
    case 'multipart':
      return part.parts.some((one) => hasUnread(one, depth + 1))
    case 'message':
      return hasUnread(part.message, depth + 1)
  }
}

/** Told by what it is called or said to be: text without a name is shown, not opened. */
function mayBeArchive(part: Part): boolean {
  return part.type !== 'text' || fileNames(part).length > 0
}

/** Decodes each of these parts into an archive of its own; after each piece whoever reads may have had enough. True: that was the last. */
async function* readParts(
  body: AsyncIterable<Buffer>,
  offset: number,
  parts: readonly Part[],
  open: () => Archive,
): AsyncGenerator<boolean, void> {
  let at = offset
  let next = 0
  let current: { readonly archive: Archive; readonly decoder: TransferDecoder } | undefined
  try {
    for await (const piece of body) {
      const end = at + piece.length
      for (let part = parts[next]; part !== undefined; part = parts[next]) {
        const [start, length] = part.body
        if (start >= end) break
        current ??= { archive: open(), decoder: decoderOf(part) }
        const { archive, decoder } = current
        const from = Math.max(start, at) - at
        const to = Math.min(start + length, end) - at
        if (to > from) await archive.push(decoder.push(piece.subarray(from, to)))
        if (start + length > end) break
        await archive.push(decoder.finish())
        await archive.finish()
        current = undefined
        next += 1
      }
      at = end
      yield next >= parts.length
    }
    // The message ended within a part.
    await current?.archive.finish()
  } finally {
    current?.archive.close()
  }
}

/** What is of no known encoding is looked at as it is. */
function decoderOf({ encoding }: Part): TransferDecoder {
  const decoder = transferDecoder(encoding) ?? transferDecoder('binary')
  if (decoder === undefined) throw new Error('no decoder')
  return decoder
}

function verdict(found: string, { action }: AttachmentRules): StepVerdict {
  if (action === 'quarantine')
    return { kind: 'accept', found, hold: `forbidden attachment: ${found}` }
  const text = `Attachment not allowed here: ${found}`
  return { kind: 'reject', found, reply: { code: 550, status: '5.7.1', text } }
}

/** In a reply, which is ASCII. */
function shown(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(-SHOWN_CHARACTERS_MAX)
}
