// A mailbox that was brought here, compared with its source message by message: bytes, date, flags, uids. Everything is read on both sides.

import type { AccountId, FolderRef, Uid } from '#shared/contracts/mailbox.ts'
import { flagList, sameFlags } from '#shared/mailbox/flags.ts'
import type { MessageRecord } from '#shared/mailbox/records.ts'
import { type ObjectReader, StoredMessage } from '#shared/message/stored-message.ts'
import { wanted } from './copy-mailbox.ts'
import { type Digest, digestOf } from './digest.ts'
import { Ledger, sourceId } from './ledger.ts'
import type { MailboxForImports } from './mailbox-for-imports.ts'
import { readable, Unreadable, unlessUnreadable } from './readable.ts'
import type { MailSource, OpenSource, SourceFolder, SourceMessage } from './source.ts'
import { keptFlags } from './source-flags.ts'
import { pathOfUse, targetPaths } from './target-paths.ts'

/** Differences told of one folder; all are counted. */
export const DIFFERENCES_MAX = 100
const READ_AT_ONCE = 64

export type Difference = {
  readonly key: string
  readonly what: 'missing' | 'unreadable' | 'bytes' | 'date' | 'flags' | 'uid'
  readonly there: string
  readonly here: string
}

export type FolderVerdict = {
  readonly names: readonly string[]
  readonly path: string
  readonly compared: number
  readonly bytes: number
  readonly equal: number
  /** Here, and not from this source. */
  readonly others: number
  readonly differences: readonly Difference[]
  readonly differencesCount: number
}

type Target = {
  readonly accountId: AccountId
  readonly mailbox: MailboxForImports
  readonly objects: ObjectReader
}

export async function* verifyMailbox(
  source: MailSource,
  target: Target,
  isWanted?: (folder: SourceFolder) => boolean,
): AsyncGenerator<{ readonly messages: number; readonly bytes: number }, readonly FolderVerdict[]> {
  const { mailbox, accountId } = target
  const tree = await mailbox.folders.tree(accountId)
  const folders = (await source.folders()).filter(wanted({ isWanted }))
  const verdicts: FolderVerdict[] = []
  for (const { folder, path } of targetPaths(folders, (use) => pathOfUse(tree, use))) {
    if (!folder.selectable) continue
    const opened = await source.open(folder)
    try {
      const verdict = new Verdict(folder.names, path)
      const here = await mailbox.folders.find(accountId, path)
      const id = sourceId(source.identity, folder.names)
      yield* compareFolder(
        opened,
        here && { folder: here, exists: here.exists, id },
        target,
        verdict,
      )
      verdicts.push(verdict.figures())
    } finally {
      await opened.close()
    }
  }
  return verdicts
}

type Here = {
  readonly folder: FolderRef & { readonly uidValidity: number }
  readonly exists: number
  readonly id: string
}

async function* compareFolder(
  opened: OpenSource,
  here: Here | undefined,
  target: Target,
  verdict: Verdict,
) {
  const ledger = here ? await Ledger.read(target.mailbox, here.folder, here.id) : Ledger.empty('')
  verdict.others = Math.max(0, (here?.exists ?? 0) - ledger.size)
  const areUidsKept = here !== undefined && opened.numbers?.uidValidity === here.folder.uidValidity
  let some: SourceMessage[] = []
  const compareSome = async () => {
    const messages = some
    some = []
    return compare(opened, messages, { here, ledger, target, verdict, areUidsKept })
  }
  for await (const message of opened.messages()) {
    some.push(message)
    if (some.length === READ_AT_ONCE) yield await compareSome()
  }
  if (some.length > 0) yield await compareSome()
}

async function compare(
  opened: OpenSource,
  messages: readonly SourceMessage[],
  given: {
    readonly here: Here | undefined
    readonly ledger: Ledger
    readonly target: Target
    readonly verdict: Verdict
    readonly areUidsKept: boolean
  },
): Promise<{ readonly messages: number; readonly bytes: number }> {
  const { here, ledger, target, verdict, areUidsKept } = given
  const known = new Map<string, Uid>()
  for (const message of messages) {
    const [, found] = await ledger.lookUp(message)
    if (found !== undefined) known.set(message.key, found.uid)
  }
  const uids = [...known.values()]
  const records = here ? await target.mailbox.readMessages(here.folder, uids) : []
  const byUid = new Map<Uid, MessageRecord>(records.map((record) => [record.uid, record]))
  const unread = new Map(messages.map((message) => [message.key, message]))
  let read = 0
  let gone = 0
  for await (const { message, bytes } of opened.read(messages)) {
    const there = await digestOf(readable(bytes)).catch(unlessUnreadable)
    if (there instanceof Unreadable && !there.isGone) continue
    unread.delete(message.key)
    if (there instanceof Unreadable) {
      gone++
      continue
    }
    read += there.bytes
    const uid = known.get(message.key)
    const record = uid === undefined ? undefined : byUid.get(uid)
    if (record === undefined) {
      verdict.differ(message, 'missing', `${there.bytes} bytes`, '')
      continue
    }
    const blob = await target.mailbox.blob(record.blobId)
    const own = blob && new StoredMessage(target.objects, blob, record.prepend)
    const stored = own && (await digestOf(own.stream()))
    const { kept } = keptFlags(message.flags)
    if (stored?.sha256 !== there.sha256) {
      verdict.differ(message, 'bytes', shown(there), stored ? shown(stored) : 'no bytes')
    } else if (record.internalDateMs !== message.internalDateMs) {
      verdict.differ(message, 'date', iso(message.internalDateMs), iso(record.internalDateMs))
    } else if (!sameFlags(record.flags, kept)) {
      verdict.differ(message, 'flags', flagList(kept).join(' '), flagList(record.flags).join(' '))
    } else if (areUidsKept && message.uid !== undefined && message.uid !== record.uid) {
      verdict.differ(message, 'uid', String(message.uid), String(record.uid))
    } else verdict.equal++
  }
  for (const message of unread.values()) verdict.differ(message, 'unreadable', '', '')
  const compared = messages.length - gone
  verdict.compared += compared
  verdict.bytes += read
  return { messages: compared, bytes: read }
}

const iso = (ms: number) => new Date(ms).toISOString()
const shown = ({ bytes, sha256 }: Digest) => `${bytes} bytes, sha256 ${sha256.slice(0, 16)}`

class Verdict {
  compared = 0
  bytes = 0
  equal = 0
  others = 0
  #count = 0
  readonly #differences: Difference[] = []
  readonly #names: readonly string[]
  readonly #path: string

  constructor(names: readonly string[], path: string) {
    this.#names = names
    this.#path = path
  }

  differ({ key }: SourceMessage, what: Difference['what'], there: string, here: string): void {
    this.#count++
    if (this.#differences.length < DIFFERENCES_MAX)
      this.#differences.push({ key, what, there, here })
  }

  figures(): FolderVerdict {
    const { compared, bytes, equal, others } = this
    return {
      names: this.#names,
      path: this.#path,
      compared,
      bytes,
      equal,
      others,
      differences: this.#differences,
      differencesCount: this.#count,
    }
  }
}
