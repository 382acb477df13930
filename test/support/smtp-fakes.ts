// Stand-ins for what an SMTP listener depends on. They decide by the names in the envelope, so that a transcript can ask
// for any answer, and keep what they were given for assertions.

import { ClientRates } from '#services/smtp/client-rates.ts'
import type { SmtpOptions } from '#services/smtp/config.ts'
import { HarvestLimit } from '#services/smtp/harvest-limit.ts'
import { Paths } from '#services/smtp/paths.ts'
import { AccountSessions } from '#shared/auth/account-sessions.ts'
import type { Authenticator, LoginAttempt, LoginResult } from '#shared/contracts/authenticate.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type {
  MessageRequest,
  Policy,
  PolicyVerdict,
  RecipientRequest,
  SmtpReply,
} from '#shared/contracts/policy.ts'
import type {
  AcceptedMessage,
  Rewriting,
  Spool,
  Spooled,
  Stash,
  StreamObserver,
} from '#shared/contracts/spool.ts'
import { edited } from '#shared/mail/header-edits.ts'
import type { MessageIndex } from '#shared/mail/message-index.ts'
import { newQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import { RepeatedLines } from '#shared/net/repeated-lines.ts'
import { createRates } from '#shared/rates/rates.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { SystemFull, TemporaryFailure } from '#shared/runtime/errors.ts'
import { type Log, silentLog } from '#shared/runtime/log.ts'
import { FakeAccountWatch } from '#test/support/fake-account-watch.ts'
import { FakeCertificates } from './fake-certificates.ts'
import { fakeTokens } from './fake-tokens.ts'
import { fakeScram } from './scram-fake.ts'
import { sharedBuckets } from './shared-buckets.ts'

export class FakeSpool implements Spool {
  readonly accepted: AcceptedMessage[] = []
  readonly discarded: QueueId[] = []
  /** By queue id: what was received to the end. */
  readonly contents = new Map<QueueId, Buffer>()
  /** Not discarded yet. */
  readonly stashes = new Set<Stash>()
  /** Errors of sources, that is messages that were given up. */
  readonly failures: unknown[] = []
  /** Where it fails; `mail` and `room`: it has no room for a message, before it or within it. */
  failsAt: 'mail' | 'receive' | 'accept' | 'room' | undefined
  /** Bytes are counted and forgotten. */
  keepsContents = true
  /** What it calls every message. */
  messageId: string | null = null
  bytes = 0
  /** Awaited before each chunk is taken. */
  gate: Promise<void> | undefined

  async hasRoom(): Promise<boolean> {
    return this.failsAt !== 'mail'
  }

  newQueueId(): QueueId {
    return newQueueId(Date.now())
  }

  async receive(
    queueId: QueueId,
    source: AsyncIterable<Uint8Array>,
    observers: readonly StreamObserver[] = [],
  ): Promise<Spooled> {
    if (this.failsAt === 'receive') throw new TemporaryFailure('the store does not answer')
    if (this.failsAt === 'room') throw new SystemFull('no memory for the upload')
    const chunks: Uint8Array[] = []
    let bytes = 0
    try {
      if (this.gate) await this.gate
      for await (const chunk of source) {
        bytes += chunk.length
        for (const observer of observers) observer.push(chunk)
        if (this.keepsContents) chunks.push(chunk)
        if (this.gate) await this.gate
      }
    } catch (error) {
      this.failures.push(error)
      throw error
    }
    for (const observer of observers) observer.finish()
    this.bytes += bytes
    if (this.keepsContents) this.contents.set(queueId, Buffer.concat(chunks))
    return {
      queueId,
      index: { ...emptyIndex, bytes },
      isSigned: false,
      isDisallowed: false,
      deliveredTo: [],
    }
  }

  async *open({ queueId }: Spooled): AsyncGenerator<Uint8Array> {
    yield this.contents.get(queueId) ?? Buffer.alloc(0)
  }

  async rewrite(spooled: Spooled, { edits, body }: Rewriting): Promise<Spooled> {
    const chunks = await Array.fromAsync(edited(this.open(spooled), edits, body?.open()))
    const bytes = Buffer.concat(chunks)
    this.contents.set(spooled.queueId, bytes)
    return { ...spooled, index: { ...spooled.index, bytes: bytes.length } }
  }

  async stash(source: AsyncIterable<Uint8Array>): Promise<Stash> {
    const bytes = Buffer.concat(await Array.fromAsync(source))
    const stash: Stash = {
      bytes: bytes.length,
      async *open() {
        yield bytes
      },
      discard: async () => {
        this.stashes.delete(stash)
      },
    }
    this.stashes.add(stash)
    return stash
  }

  async discard({ queueId }: Spooled): Promise<void> {
    this.contents.delete(queueId)
    this.discarded.push(queueId)
  }

  async accept(message: AcceptedMessage): Promise<string | null> {
    if (this.failsAt === 'accept') throw new TemporaryFailure('the store does not answer')
    if (this.keepsContents) this.accepted.push(message)
    return this.messageId
  }
}

const emptyIndex: MessageIndex = {
  bytes: 0,
  lines: 0,
  sha256: '',
  headerBytes: 0,
  envelope: {
    date: null,
    subject: null,
    from: null,
    sender: null,
    replyTo: null,
    to: null,
    cc: null,
    bcc: null,
    inReplyTo: null,
    messageId: null,
  },
  structure: {
    kind: 'leaf',
    header: [0, 0],
    body: [0, 0],
    type: 'text',
    subtype: 'plain',
    parameters: [],
    id: null,
    description: null,
    encoding: '7bit',
    lines: 0,
    md5: null,
    disposition: null,
    language: null,
    location: null,
  },
  receivedFields: 0,
  deliveredTo: [],
  has: [],
  eightBit: false,
  lineBytesMax: 0,
  containsNul: false,
  repeatsFields: false,
}

const mailboxFull: SmtpReply = { code: 452, status: '4.2.2', text: 'Mailbox full' }

/** By the local part of the recipient, or of the sender at the end of the message. */
const recipientReplies: { readonly [local: string]: SmtpReply } = {
  unknown: { code: 550, status: '5.1.1', text: 'No such user' },
  greylisted: { code: 450, status: '4.7.1', text: 'Greylisted, try again later' },
  full: mailboxFull,
  crowd: { code: 452, status: '4.5.3', text: 'Too many recipients' },
  closing: { code: 421, status: '4.7.0', text: 'Go away' },
  injecting: { code: 550, status: '5.7.1', text: 'one\r\n250 two\u{85}three' },
  wordy: { code: 550, status: '5.7.1', text: 'é'.repeat(600) },
}
const messageReplies: { readonly [local: string]: SmtpReply } = {
  spammer: { code: 550, status: '5.7.1', text: 'Spam is not wanted here' },
  deferred: { code: 451, status: '4.7.1', text: 'Come back later' },
}

export class FakePolicy implements Policy {
  readonly recipientRequests: RecipientRequest[] = []
  readonly messageRequests: MessageRequest[] = []
  readonly #asked = new Set<string>()
  keepsRequests = true

  async early(): Promise<PolicyVerdict> {
    return { kind: 'permit', prepend: '', finalRecipients: 1 }
  }

  async data(): Promise<PolicyVerdict> {
    return { kind: 'permit', prepend: '', finalRecipients: 1 }
  }

  async recipient(request: RecipientRequest): Promise<PolicyVerdict> {
    if (this.keepsRequests) this.recipientRequests.push(request)
    const local = localPart(request.recipient)
    const isAgain = this.#asked.has(`${request.queueId} ${request.recipient}`)
    this.#asked.add(`${request.queueId} ${request.recipient}`)
    // What LMTP asks once more at the end of the message.
    if (isAgain && local === 'failing') throw new TemporaryFailure('directory does not answer')
    if (isAgain && local === 'filling') {
      return { kind: 'reject', reply: mailboxFull, restriction: 'fake_filling' }
    }
    if (local === 'temporary') throw new TemporaryFailure('directory does not answer')
    if (local === 'bug') throw new TypeError('undefined is not a function')
    const reply = recipientReplies[local]
    if (reply) return { kind: 'reject', reply, restriction: `fake_${local}` }
    const prepend = local === 'tagged' ? 'X-Tag: recipient\r\n' : ''
    // An alias of three, as far as this one knows.
    return { kind: 'permit', prepend, finalRecipients: local === 'list' ? 3 : 1 }
  }

  async message(request: MessageRequest): Promise<PolicyVerdict> {
    if (this.keepsRequests) this.messageRequests.push(request)
    const local = localPart(request.envelope.sender)
    if (local === 'temporary') throw new TemporaryFailure('filter does not answer')
    if (local === 'bug') throw new TypeError('undefined is not a function')
    const reply = messageReplies[local]
    if (reply) return { kind: 'reject', reply, restriction: `fake_${local}` }
    const prepend = local === 'tagged' ? 'X-Tag: message\r\n' : ''
    return { kind: 'permit', prepend, finalRecipients: 1 }
  }
}

function localPart(address: string): string {
  return address.slice(0, Math.max(0, address.lastIndexOf('@')))
}

export const goodLogin = { login: 'alice@example.test', password: 'open sesame' }

export class FakeAuthenticator implements Authenticator {
  readonly attempts: LoginAttempt[] = []
  readonly #accountOf = (login: string) =>
    login === goodLogin.login ? { id: 'a1' as AccountId, login, sessionsEpoch: 0 } : undefined
  readonly #scram = fakeScram(goodLogin.password, this.#accountOf)
  readonly authenticateToken = fakeTokens(this.#accountOf).authenticateToken
  readonly scramChallenge = this.#scram.scramChallenge
  readonly scramProof = this.#scram.scramProof

  async authenticate(attempt: LoginAttempt): Promise<LoginResult> {
    this.attempts.push(attempt)
    const { login, password } = attempt
    if (login === 'throttled') return { kind: 'throttled', retryAfterSeconds: 60 }
    if (login === 'temporary') throw new TemporaryFailure('directory does not answer')
    if (login === goodLogin.login && Buffer.from(password).toString() === goodLogin.password) {
      return { kind: 'authenticated', account: { id: 'a1' as AccountId, login, sessionsEpoch: 0 } }
    }
    return { kind: 'refused', reason: 'password' }
  }
}

/** Everything a listener needs, each piece within reach of the test. */
export function smtpFakes(log: Log = silentLog) {
  return {
    spool: new FakeSpool(),
    policy: new FakePolicy(),
    authenticator: new FakeAuthenticator(),
    accountWatch: new FakeAccountWatch(),
    certificates: new FakeCertificates('mx.example.test'),
    clock: systemClock,
    rates: createRates({ shared: sharedBuckets(systemClock), clock: systemClock, log }),
    log,
    hostname: 'mx.example.test',
  }
}

/** What sessions share that a listener did not make. */
export function smtpLimits(
  options: SmtpOptions,
  { clock, log, hostname, rates }: ReturnType<typeof smtpFakes>,
) {
  return {
    harvest: new HarvestLimit(options, rates),
    rates: new ClientRates(options, rates),
    accountSessions: new AccountSessions(options.smtpdAccountConnectionCountLimit),
    paths: new Paths(options, hostname),
    lines: new RepeatedLines('info', { clock, log }),
  }
}
