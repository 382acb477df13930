// What the POP3 listener stands on, in memory: a mailbox and logins.

import { pop3Defaults } from '#services/pop3/config.ts'
import { createPop3Listener, type Pop3ListenerOptions } from '#services/pop3/listener.ts'
import { createProcessMaildropLock } from '#services/pop3/maildrop-lock.ts'
import type { Authenticator, LoginAttempt } from '#shared/contracts/authenticate.ts'
import type {
  AccountId,
  BlobId,
  Folder,
  FolderId,
  Message,
  ModSeq,
  OpenMessage,
  Uid,
} from '#shared/contracts/mailbox.ts'
import type { MailboxReader } from '#shared/mailbox/port.ts'
import type { MessageOpener } from '#shared/message/message-opener.ts'
import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import { FakeAccountWatch } from '#test/support/fake-account-watch.ts'
import { FakeCertificates } from './fake-certificates.ts'
import { fakeTokens } from './fake-tokens.ts'
import { MemoryLog } from './memory-log.ts'
import { fakeScram } from './scram-fake.ts'

/** The only login: with and without its domain, password `secret`. */
export const login = 'alice@example.test'
export const password = 'secret'
export const uidValidity = 7

export class FakeMailbox implements MailboxReader, MessageOpener {
  /** By uid; the first is 101. */
  readonly stored: Map<number, Buffer>
  readonly expunges: (readonly Uid[])[] = []
  /** Messages whose streams were ended before all was read. */
  cutShort = 0
  /** Bytes handed out by streams. */
  bytesRead = 0
  chunkBytes = 65_536
  failSnapshot: Error | undefined
  failOpen: Error | undefined
  failExpunge: Error | undefined
  /** Streams fail after so many bytes. */
  failStream: { readonly afterBytes: number; readonly error: Error } | undefined

  constructor(messages: readonly (string | Buffer)[]) {
    this.stored = new Map(
      messages.map((message, index) => [
        101 + index,
        typeof message === 'string' ? Buffer.from(message, 'latin1') : message,
      ]),
    )
  }

  readonly popIds = new Map<Uid, string>()
  readonly popOrders = new Map<Uid, number>()

  async inbox(accountId: AccountId): Promise<Folder> {
    return {
      accountId,
      id: brandFolder('inbox'),
      mailboxId: 'inbox',
      selectable: true,
      parentId: null,
      name: 'INBOX',
      uidValidity,
      uidNext: brandUid(101 + this.stored.size),
      modSeq: brandModSeq(1),
      exists: this.stored.size,
      unseen: 0,
      deleted: 0,
      bytes: 0,
      specialUses: [],
      children: 0,
      keywords: [],
    }
  }

  async snapshot() {
    if (this.failSnapshot) throw this.failSnapshot
    const messages = [...this.stored].map(([uid, text]) => describeMessage(uid, text))
    return { modSeq: brandModSeq(1), messages, popIds: this.popIds, popOrders: this.popOrders }
  }

  async open({ uid }: Message): Promise<OpenMessage | undefined> {
    if (this.failOpen) throw this.failOpen
    const bytes = this.stored.get(uid)
    if (bytes === undefined) return undefined
    const empty = bytes.indexOf('\r\n\r\n')
    const headerBytes = empty < 0 ? bytes.length : empty + 4
    const stream = (offset = 0, length = bytes.length - offset) =>
      this.#stream(bytes.subarray(offset, offset + length))
    return { size: bytes.length, headerBytes, stream }
  }

  async *#stream(bytes: Buffer): AsyncGenerator<Uint8Array> {
    let finished = false
    try {
      for (let at = 0; at < bytes.length; at += this.chunkBytes) {
        if (this.failStream && at >= this.failStream.afterBytes) throw this.failStream.error
        const chunk = bytes.subarray(at, at + this.chunkBytes)
        this.bytesRead += chunk.length
        yield chunk
      }
      finished = true
    } finally {
      if (!finished) this.cutShort += 1
    }
  }

  async expunge(_: unknown, uids: readonly Uid[]): Promise<readonly Uid[]> {
    this.expunges.push(uids)
    if (this.failExpunge) throw this.failExpunge
    return uids.filter((uid) => this.stored.delete(uid))
  }
}

function describeMessage(uid: number, text: Uint8Array): Message {
  return {
    uid: brandUid(uid),
    blobId: brandBlob(`blob-${uid}`),
    size: text.length,
    internalDateMs: 0,
    flags: [],
    modSeq: brandModSeq(1),
    saveDateMs: 0,
    prepend: '',
    unended: text.length > 0 && !Buffer.from(text).toString('latin1').endsWith('\r\n'),
  }
}

const brandAccount = (id: string) => id as AccountId
const brandUid = (uid: number) => uid as Uid
const brandModSeq = (modSeq: number) => modSeq as ModSeq
const brandFolder = (id: string) => id as FolderId
const brandBlob = (id: string) => id as BlobId

export class FakeAuthenticator implements Authenticator {
  readonly attempts: LoginAttempt[] = []
  /** Logins beside `alice` that have the same password. */
  readonly others = new Set<string>()
  throttled = false
  fail: Error | undefined
  readonly #accountOf = (name: string) =>
    name === login ? { id: brandAccount(login), login, sessionsEpoch: 0 } : undefined
  readonly #scram = fakeScram(password, this.#accountOf)
  readonly authenticateToken = fakeTokens(this.#accountOf).authenticateToken
  readonly scramChallenge = this.#scram.scramChallenge
  readonly scramProof = this.#scram.scramProof

  async authenticate(attempt: LoginAttempt) {
    this.attempts.push(attempt)
    if (this.fail) throw this.fail
    if (this.throttled) return { kind: 'throttled', retryAfterSeconds: 60 } as const
    const known = attempt.login.includes('@') ? attempt.login : `${attempt.login}@example.test`
    if (known !== login && !this.others.has(known)) {
      return { kind: 'refused', reason: 'unknown' } as const
    }
    if (Buffer.from(attempt.password).toString() !== password)
      return { kind: 'refused', reason: 'password' } as const
    return {
      kind: 'authenticated',
      account: { id: brandAccount(known), login: known, sessionsEpoch: 0 },
    } as const
  }
}

export type Pop3Setup = {
  readonly mailbox?: FakeMailbox
  readonly authenticator?: FakeAuthenticator
  readonly certificates?: FakeCertificates | null
  readonly clock?: Clock
  readonly options?: Partial<Pop3ListenerOptions>
}

/** A listener over these fakes; by default in clear on a free port, with clear-text logins allowed. */
export async function startPop3({
  mailbox = new FakeMailbox([]),
  authenticator = new FakeAuthenticator(),
  certificates = new FakeCertificates(),
  clock = systemClock,
  options = {},
}: Pop3Setup) {
  const log = new MemoryLog()
  const accountWatch = new FakeAccountWatch()
  const listener = createPop3Listener(
    {
      ...pop3Defaults,
      tls: { minVersion: 'TLSv1.2' },
      endpoints: [{ host: '127.0.0.1', port: 0, tls: 'starttls' }],
      disablePlaintextAuth: 'no',
      authFailureDelayMs: 0,
      ...options,
    },
    {
      mailboxes: mailbox,
      authenticator,
      accountWatch,
      certificates: certificates ?? undefined,
      lock: createProcessMaildropLock(),
      clock,
      log,
      hostname: 'mail.example.test',
    },
  )
  const ports = (await listener.listen()).map(({ port }) => port)
  return { listener, port: ports[0] ?? 0, ports, mailbox, authenticator, accountWatch, log }
}
