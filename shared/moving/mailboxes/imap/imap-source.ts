// A mailbox of any IMAP server, read with EXAMINE and BODY.PEEK so that nothing changes there. A session that breaks off, in the middle of a
// message too, is begun again, and reading goes on with what is missing.

import type { FetchMessageObject, ImapFlow } from 'imapflow'
import { chunks } from '#shared/runtime/chunks.ts'
import type {
  MailSource,
  OpenSource,
  SourceBytes,
  SourceFolder,
  SourceMessage,
  SourceNote,
} from '../source.ts'
import { goneBytes, MessageGone, SourceFailure } from '../source.ts'
import { annotationsThere, rightsThere } from './annotations.ts'
import { type ImapFolder, imapFolders, type ServerWays } from './folders.ts'
import { GMAIL, type GmailFolders, gmailFolders, type LabelsAs } from './gmail.ts'
import { createImapSession, type ImapSession, type ImapSessionOptions } from './session.ts'

/** Messages whose uids are asked for with one command: its answer is one line. */
const SEARCHED_AT_ONCE = 100_000
/** Messages listed with one command. */
const LISTED_AT_ONCE = 500
/** Bytes of messages asked for with one command; each is held whole. */
const FETCHED_BYTES = 8 * 1024 ** 2
const FETCHED_AT_ONCE = 100
/** Larger ones are read in pieces of PIECE_BYTES. */
const LARGE_BYTES = 2 * 1024 ** 2
const PIECE_BYTES = 1024 ** 2
/** A message that ends the session so often is left out. */
const ATTEMPTS_MAX = 3
const NOTES_MAX = 1_000
/** Names of folders and subscriptions, all together: five times what the most folders of an account take. */
export const LIST_BYTES_MAX = 8 * 1024 ** 2

export type ImapSourceOptions = ImapSessionOptions & {
  /** Of Gmail: what its labels become. */
  readonly labels?: LabelsAs | undefined
}

/** Logs in at once, so that a wrong password is not taken for an empty mailbox. */
export async function openImapSource(options: ImapSourceOptions): Promise<MailSource> {
  const { host, login, labels = 'folders' } = options
  const session = createImapSession(options)
  const notes: SourceNote[] = []
  const note = (one: SourceNote) => {
    if (notes.length < NOTES_MAX) notes.push(one)
  }
  const { folders, flagsIn } = await session
    .during(
      '',
      async (client): Promise<Pick<GmailFolders, 'folders'> & Partial<GmailFolders>> => {
        const found = imapFolders(await client.list(), waysOf(client), note)
        return client.capabilities.has(GMAIL)
          ? gmailFolders(found, labels, note)
          : { folders: found }
      },
      { bytesMax: LIST_BYTES_MAX, what: 'a list of folders' },
    )
    .catch(async (error: unknown) => {
      await session.close()
      throw error
    })
  const byNames = new Map(folders.map((folder) => [folder.names.join('\0'), folder]))
  const knownAs = ({ names }: SourceFolder): ImapFolder => {
    const folder = byNames.get(names.join('\0'))
    if (folder === undefined) throw new SourceFailure(`no folder ${names.join('/')}`)
    return folder
  }
  const isOwner = (name: string) => name.toLowerCase() === login.user.toLowerCase()
  return {
    // Without the port: a mailbox is the same with TLS and without.
    identity: `imap:${host.host.toLowerCase()}:${login.user}`,
    folders: async () => folders,
    open: async (folder) => openFolder(session, knownAs(folder), note, flagsIn),
    subscriptions: async () => {
      const subscribed = folders.filter(({ isSubscribed }) => isSubscribed)
      return subscribed.length === 0 ? undefined : subscribed.map(({ names }) => names)
    },
    scripts: async () => [],
    annotations: (folder) =>
      annotationsThere(session, folder === undefined ? '' : knownAs(folder).listed, note),
    rights: (folder) => rightsThere(session, knownAs(folder).listed, isOwner, note),
    notes: () => notes,
    close: () => session.close(),
  }
}

function waysOf({ namespace, namespaces, serverInfo }: ImapFlow): ServerWays {
  const prefix =
    typeof namespace === 'object' && typeof namespace.prefix === 'string' ? namespace.prefix : ''
  const others = [namespaces?.other, namespaces?.shared].flatMap((some) => some || [])
  const foreign = others.map((one) => one.prefix).filter((one) => one !== '' && one !== prefix)
  const told = JSON.stringify(serverInfo ?? {}).toLowerCase()
  return { prefix, foreign, isGroupware: /exchange|office365|outlook|workmail/.test(told) }
}

async function openFolder(
  session: ImapSession,
  folder: ImapFolder,
  note: (one: SourceNote) => void,
  flagsIn: GmailFolders['flagsIn'] | undefined,
): Promise<OpenSource> {
  const { path } = folder
  const { uidValidity, uidNext, highestModSeq, exists } = await session.during(
    path,
    async (client) => {
      const { mailbox } = client
      if (mailbox === false) throw new SourceFailure(`cannot open ${path}`)
      return {
        uidValidity: Number(mailbox.uidValidity),
        uidNext: mailbox.uidNext || undefined,
        highestModSeq:
          mailbox.highestModseq === undefined ? undefined : Number(mailbox.highestModseq),
        exists: mailbox.exists,
      }
    },
  )
  const uids = await uidsIn(session, path, exists)
  // Whether other labels are a change to Gmail it does not say.
  const state =
    highestModSeq === undefined || flagsIn !== undefined
      ? undefined
      : `${uidValidity}.${uidNext}.${highestModSeq}.${exists}`
  const sizes = new Map<number, number>()
  return {
    numbers: uidValidity > 0 ? { uidValidity, uidNext, highestModSeq } : undefined,
    state,
    // Of \\All, only reading tells what is nowhere else.
    count: flagsIn === undefined ? uids.length : undefined,
    async *messages() {
      for (const some of chunks(uids, LISTED_AT_ONCE)) {
        const found = await session.during(path, (client) =>
          client.fetchAll(
            rangeOf(some),
            {
              uid: true,
              flags: true,
              internalDate: true,
              size: true,
              labels: flagsIn !== undefined,
            },
            { uid: true },
          ),
        )
        for (const one of found.toSorted((a, b) => a.uid - b.uid)) {
          const more = flagsIn ? flagsIn(folder, one.labels ?? []) : []
          if (more === undefined) continue
          const message = messageOf(one, uidValidity)
          sizes.set(one.uid, message.bytes ?? 0)
          // RFC 8474, or X-GM-MSGID: there nearly every message is in several folders.
          const content = flagsIn && one.emailId
          yield { ...message, flags: [...message.flags, ...more], content }
        }
      }
    },
    read: (messages) => read(session, folder, messages, sizes, note),
    close: async () => sizes.clear(),
  }
}

/**
 * Ascending, eight bytes each. From the end: what is expunged meanwhile makes messages come twice, and none is passed over. Ranges of
 * sequence numbers, since of uids there would be thousands where they have gaps.
 */
async function uidsIn(
  session: ImapSession,
  path: string,
  exists: number,
): Promise<readonly number[]> {
  const found: number[] = []
  for (let last = exists; last > 0; last -= SEARCHED_AT_ONCE) {
    const some = await session.during(path, async (client, refusal) => {
      const there = client.mailbox === false ? 0 : client.mailbox.exists
      const first = Math.max(1, last - SEARCHED_AT_ONCE + 1)
      if (there < first) return []
      const seq = `${first}:${Math.min(last, there)}`
      const answer = await client.search({ seq }, { uid: true })
      // Refused, and not empty: what is not there is taken for gone.
      if (!Array.isArray(answer)) throw refusal()
      return answer
    })
    for (const uid of some) found.push(uid)
  }
  return found.sort((a, b) => a - b).filter((uid, i) => uid !== found[i - 1])
}

function messageOf(one: FetchMessageObject, uidValidity: number): SourceMessage {
  const date = one.internalDate
  const ms = date instanceof Date ? date.getTime() : Date.parse(date ?? '')
  return {
    key: `${uidValidity}.${one.uid}`,
    uid: one.uid,
    flags: [...(one.flags ?? [])],
    bytes: one.size,
    internalDateMs: Number.isFinite(ms) ? ms : 0,
    saveDateMs: undefined,
    popId: undefined,
  }
}

const rangeOf = (uids: readonly number[]): string => uids.join(',')

async function* read(
  session: ImapSession,
  { path, names }: ImapFolder,
  messages: readonly SourceMessage[],
  sizes: ReadonlyMap<number, number>,
  note: (one: SourceNote) => void,
): AsyncGenerator<SourceBytes> {
  const byUid = new Map(
    messages.flatMap((message) => (message.uid === undefined ? [] : [[message.uid, message]])),
  )
  let left = [...byUid.keys()]
  let attempts = 0
  while (left.length > 0) {
    const before = left.length
    try {
      // What breaks off before a message is asked for is not its doing.
      await session.once(path, async () => undefined)
    } catch (error) {
      await session.broke(error)
      continue
    }
    try {
      // Which of many it was that ended the session, only reading it alone tells; and on a bad line one comes where many do not.
      const next = attempts === 0 ? left : left.slice(0, 1)
      for (const some of batches(next, sizes)) {
        for await (const [uid, bytes] of fetchBytes(session, path, some, sizes)) {
          const message = byUid.get(uid)
          if (message === undefined) continue
          yield { message, bytes }
          left = left.filter((one) => one !== uid)
        }
        const gone = left.filter((one) => some.includes(one))
        for (const message of gone.flatMap((uid) => byUid.get(uid) ?? [])) {
          yield { message, bytes: goneBytes() }
        }
        left = left.filter((one) => !some.includes(one))
      }
      session.works()
      attempts = 0
    } catch (error) {
      const { throttled } = await session.broke(error)
      if (throttled) continue
      attempts = left.length < before ? 1 : attempts + 1
      if (attempts < ATTEMPTS_MAX) continue
      const [uid = 0] = left
      note({
        about: `${names.join('/')}: uid ${uid}`,
        reason: 'ends the session whenever it is read',
      })
      left = left.slice(1)
      attempts = 0
    }
  }
}

/** In their order; one that is read in pieces is alone. */
function* batches(uids: readonly number[], sizes: ReadonlyMap<number, number>) {
  let batch: number[] = []
  let bytes = 0
  for (const uid of uids) {
    const size = sizes.get(uid) ?? 0
    const isFull = batch.length === FETCHED_AT_ONCE || bytes + size > FETCHED_BYTES
    if (batch.length > 0 && (isFull || size > LARGE_BYTES)) {
      yield batch
      ;[batch, bytes] = [[], 0]
    }
    batch.push(uid)
    bytes += size
    if (size <= LARGE_BYTES) continue
    yield batch
    ;[batch, bytes] = [[], 0]
  }
  if (batch.length > 0) yield batch
}

async function* fetchBytes(
  session: ImapSession,
  path: string,
  uids: readonly number[],
  sizes: ReadonlyMap<number, number>,
): AsyncGenerator<readonly [uid: number, bytes: AsyncIterable<Uint8Array>]> {
  const [first = 0] = uids
  if ((sizes.get(first) ?? 0) > LARGE_BYTES) {
    yield [first, pieces(session, path, first)]
    return
  }
  const found = await session.once(path, (client) =>
    client.fetchAll(rangeOf(uids), { uid: true, source: true }, { uid: true }),
  )
  for (const { uid, source } of found.toSorted((a, b) => a.uid - b.uid)) {
    if (source !== undefined) yield [uid, once(source)]
  }
}

/** A session that breaks off is begun again, and goes on behind what came. */
async function* pieces(
  session: ImapSession,
  path: string,
  uid: number,
): AsyncGenerator<Uint8Array> {
  for (let start = 0; ; ) {
    const source = { start, maxLength: PIECE_BYTES }
    const [found] = await session.during(path, (client) =>
      client.fetchAll(String(uid), { uid: true, source }, { uid: true }),
    )
    // Not even its uid comes: what has come so far is no message.
    if (found === undefined) throw new MessageGone('it is gone')
    const bytes = found.source
    if (bytes === undefined || bytes.length === 0) return
    yield bytes
    start += bytes.length
    if (bytes.length < PIECE_BYTES) return
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
