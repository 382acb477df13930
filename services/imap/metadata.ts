// METADATA responses, for GETMETADATA (RFC 5464 §4.2) and LIST RETURN (METADATA) (RFC 9590).

import { isUtf8 } from 'node:buffer'
import type { MetadataOptions } from '#shared/imap/metadata-arguments.ts'
import type { ResponseWriter } from '#shared/imap/response-writer.ts'
import { ImapSyntaxError } from '#shared/imap/syntax-error.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import type { Annotation } from '#shared/mailbox/port.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { specialUses, usesNamed } from '#shared/mailbox/special-use.ts'
import type { Session } from './session.ts'

export type MetadataWanted = {
  readonly options: MetadataOptions
  readonly entries: readonly string[]
}

type Found = { readonly entry: string; readonly value: Uint8Array | null }

/** RFC 5464 §3.2: every entry is below /private or /shared, which can be asked for themselves, for what is below them. */
export function checkEntries(entries: readonly string[], purpose: 'get' | 'set'): void {
  for (const entry of entries) {
    const [, scope, name, ...more] = entry.split('/')
    if ((scope !== 'private' && scope !== 'shared') || (purpose === 'set' && name === undefined)) {
      throw new ImapSyntaxError('the name of an entry begins with /private/ or /shared/')
    }
    // RFC 5464 §3.2: /private/vendor/<vendor-token> is only where a vendor's entries are.
    if (purpose === 'set' && name === 'vendor' && more.length < 2) {
      throw new ImapSyntaxError("a vendor's entry has four parts at least")
    }
  }
}

/** RFC 6154 §4: what a mailbox is for; not kept as an annotation, but tied to the attributes of LIST. */
export const SPECIAL_USE_ENTRY = '/private/specialuse'

/** RFC 6785 §2.3.1: the script for what happens in a mailbox; kept with the folder, so that it is known without a read. */
export const EVENT_SCRIPT_ENTRY = '/shared/imapsieve/script'

/**
 * Annotations of a folder, its special uses and its script among them, or of the account as a whole; of somebody else's folder those that
 * are shared.
 */
export async function annotationsOf(
  { account, deps }: Session,
  folder: FolderRecord | null,
): Promise<readonly Annotation[]> {
  const accountId = folder?.accountId ?? account.id
  const kept = await deps.mailbox.annotations.get({ accountId, id: folder?.id ?? null })
  // Older versions kept whatever a client had set.
  const others = kept.filter(({ entry }) => !isKeptWithFolder(entry))
  const all = [...others, ...ofFolder(folder, deps.scripting.siteEventScript())]
  return accountId === account.id ? all : all.filter(({ entry }) => isShared(entry))
}

const keptWithFolder: ReadonlySet<string> = new Set([SPECIAL_USE_ENTRY, EVENT_SCRIPT_ENTRY])

export const isKeptWithFolder = (entry: string): boolean => keptWithFolder.has(entry)

/** A value of EVENT_SCRIPT_ENTRY, NIL null; undefined for what is no text. */
export function eventScriptIn(value: ByteString | null): string | null | undefined {
  if (value === null) return null
  const bytes = Buffer.from(value, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

/** Of the server there is one script, the administrator's. */
function ofFolder(folder: FolderRecord | null, siteScript: string): readonly Annotation[] {
  const script = folder === null ? siteScript || null : folder.eventScript
  const uses = folder?.specialUses ?? []
  return [
    ...(uses.length === 0
      ? []
      : [{ entry: SPECIAL_USE_ENTRY, value: Buffer.from(uses.join(' ')) }]),
    ...(script === null ? [] : [{ entry: EVENT_SCRIPT_ENTRY, value: Buffer.from(script) }]),
  ]
}

/** The uses that a value of SPECIAL_USE_ENTRY names, NIL none; undefined where they cannot be given. */
export function usesIn(value: ByteString | null): readonly string[] | undefined {
  const names = (value ?? '').split(' ').filter((name) => name !== '')
  return names.length > specialUses.length ? undefined : usesNamed(names)
}

export const isShared = (entry: string): boolean => /^\/shared(?:\/|$)/.test(entry)

/** Writes what is wanted of them; returns the size of the largest value that was over MAXSIZE, 0 for none. */
export function writeMetadata(
  writer: ResponseWriter,
  path: string,
  annotations: readonly Annotation[],
  { options, entries }: MetadataWanted,
): number {
  const found = select(annotations, entries, options.depth)
  const limit = options.maxSize ?? Number.POSITIVE_INFINITY
  const told = found.filter(({ value }) => value === null || value.length <= limit)
  if (told.length > 0) {
    writer.raw('* METADATA ')
    writer.mailbox(path)
    for (const [i, { entry, value }] of told.entries()) {
      writer.raw(i === 0 ? ' (' : ' ')
      writer.astring(entry)
      writer.raw(' ')
      if (value?.includes(0)) writer.literal(value, { binary: true })
      else writer.nstring(value && Buffer.from(value).toString('latin1'))
    }
    writer.raw(')')
    writer.endLine()
  }
  return found.reduce((longest, { value }) => {
    const bytes = value?.length ?? 0
    return bytes > limit ? Math.max(longest, bytes) : longest
  }, 0)
}

/** The entries themselves, NIL where there is none, and what is below them as deep as asked (RFC 5464 §4.2.2). */
function select(
  annotations: readonly Annotation[],
  entries: readonly string[],
  depth: MetadataOptions['depth'],
): readonly Found[] {
  const found = new Map<string, Found>()
  for (const wanted of entries) {
    if (depth === 0) found.set(wanted, { entry: wanted, value: null })
    for (const annotation of annotations) {
      const { entry } = annotation
      if (entry === wanted || isBelow(entry, wanted, depth)) found.set(entry, annotation)
    }
  }
  return [...found.values()]
}

function isBelow(entry: string, above: string, depth: number): boolean {
  if (depth === 0 || !entry.startsWith(`${above}/`)) return false
  return depth > 1 || !entry.includes('/', above.length + 1)
}
