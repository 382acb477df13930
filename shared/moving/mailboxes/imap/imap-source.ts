// A mailbox of any IMAP server, read with EXAMINE and BODY.PEEK so that nothing changes there. A session that breaks off, in the middle of a
// message too, is begun again, and reading goes on with what is missing.

import type { FetchMessageObject, ImapFlow } from 'imapflow'
import { chunks } from '#shared/runtime/chunks.ts'
import type { MailSource, OpenSource, SourceBytes, SourceMessage, SourceNote } from '../source.ts'
import { SourceFailure } from '../source.ts'
import { type ImapFolder, imapFolders } from './folders.ts'
import { createImapSession, type ImapSession, type ImapSessionOptions } from './session.ts'

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

/** Logs in at once, so that a wrong password is not taken for an empty mailbox. */
export async function openImapSource(options: ImapSessionOptions): Promise<MailSource> {
  const { host, login } = options
  const session = createImapSession(options)
  const notes: SourceNote[] = []
  const note = (one: SourceNote) => {
    if (notes.length < NOTES_MAX) notes.push(one)
  }
  const folders = await session
    .during('', async (client) =>
      imapFolders(await client.list(), prefixOf(client), isGroupware(client), note),
    )
    .catch(async (error: unknown) => {
      await session.close()
      throw error
    })
  const byNames = new Map(folders.map((folder) => [folder.names.join('\0'), folder]))
  return {
    // Without the port: a mailbox is the same with TLS and without.
    identity: `imap:${host.host.toLowerCase()}:${login.user}`,
    folders: async () => folders,
    async open({ names }) {
      const folder = byNames.get(names.join('\0'))
      if (folder === undefined) throw new SourceFailure(`no folder ${names.join('/')}`)
      return openFolder(session, folder, note)
    },
    subscriptions: async () => {
      const subscribed = folders.filter(({ isSubscribed }) => isSubscribed)
      return subscribed.length === 0 ? undefined : subscribed.map(({ names }) => names)
    },
    scripts: async () => [],
    notes: () => notes,
    close: () => session.close(),
  }
}

/** Of the account's own folders (RFC 2342): `INBOX.` of Courier and Cyrus. */
function prefixOf({ namespace }: ImapFlow): string {
  return typeof namespace === 'object' && typeof namespace.prefix === 'string'
    ? namespace.prefix
    : ''
}

function isGroupware({ serverInfo }: ImapFlow): boolean {
  const told = JSON.stringify(serverInfo ?? {}).toLowerCase()
  return /exchange|office365|outlook|workmail/.test(told)
}

async function openFolder(
  session: ImapSession,
  folder: ImapFolder,
  note: (one: SourceNote) => void,
): Promise<OpenSource> {
  const { path } = folder
  const { uidValidity, uidNext, highestModSeq, exists, uids } = await session.during(
    path,
    async (client) => {
      const { mailbox } = client
      if (mailbox === false) throw new SourceFailure(`cannot open ${path}`)
      // Of a folder of millions eight bytes each; ranges of uids would be asked for by the thousand where uids have gaps.
      const found = mailbox.exists === 0 ? [] : await client.search({ all: true }, { uid: true })
      return {
        uidValidity: Number(mailbox.uidValidity),
        uidNext: mailbox.uidNext || undefined,
        highestModSeq:
          mailbox.highestModseq === undefined ? undefined : Number(mailbox.highestModseq),
        exists: mailbox.exists,
        uids: (found || []).toSorted((a, b) => a - b),
      }
    },
  )
  const state =
    highestModSeq === undefined ? undefined : `${uidValidity}.${uidNext}.${highestModSeq}.${exists}`
  const sizes = new Map<number, number>()
  return {
    numbers: uidValidity > 0 ? { uidValidity, uidNext, highestModSeq } : undefined,
    state,
    count: uids.length,
    async *messages() {
      for (const some of chunks(uids, LISTED_AT_ONCE)) {
        const found = await session.during(path, (client) =>
          client.fetchAll(
            rangeOf(some),
            { uid: true, flags: true, internalDate: true, size: true },
            { uid: true },
          ),
        )
        for (const one of found.toSorted((a, b) => a.uid - b.uid)) {
          const message = messageOf(one, uidValidity)
          sizes.set(one.uid, message.bytes ?? 0)
          yield message
        }
      }
    },
    read: (messages) => read(session, folder, messages, sizes, note),
    close: async () => sizes.clear(),
  }
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
      for (const some of batches(left, sizes)) {
        for await (const [uid, bytes] of fetchBytes(session, path, some, sizes)) {
          const message = byUid.get(uid)
          if (message === undefined) continue
          yield { message, bytes }
          left = left.filter((one) => one !== uid)
        }
        // Gone since they were listed.
        left = left.filter((one) => !some.includes(one))
      }
      session.works()
    } catch (error) {
      await session.broke(error)
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
  const client = await session.within(path)
  const found = await client.fetchAll(rangeOf(uids), { uid: true, source: true }, { uid: true })
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
    const bytes = found?.source
    if (bytes === undefined || bytes.length === 0) return
    yield bytes
    start += bytes.length
    if (bytes.length < PIECE_BYTES) return
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
