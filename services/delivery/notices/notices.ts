// What senders and the postmaster are told of what became of mail: delivery status notifications (RFC 3464). Delivery asks after each
// attempt; what it gets comes into the queue in the transaction that writes the results down.

import type { Origin, SmtpEnvelope } from '#shared/contracts/spool.ts'
import { soundMessageId } from '#shared/mail/dsn/compose.ts'
import { isAscii } from '#shared/mail/dsn/foreign-text.ts'
import type { Language } from '#shared/mail/dsn/notice-text.ts'
import type { Report } from '#shared/mail/dsn/report.ts'
import type { Templates } from '#shared/mail/dsn/template.ts'
import { writeReport } from '#shared/mail/dsn/write-report.ts'
import { decodeEnvelope } from '#shared/mail/index-codec.ts'
import type { CreatedMessage } from '#shared/queue/created-message.ts'
import type { QueuedMessage, QueuedRecipient } from '#shared/queue/records.ts'
import type { Log } from '#shared/runtime/log.ts'
import { decide, type Rules, type Wanted } from './decide.ts'
import type { EndedAttempt } from './ended-attempt.ts'
import { languageOf } from './language.ts'
import { type Original, type ReadOriginal, returnedOf } from './original.ts'

export interface Notices {
  /** What to create, failures first; none where nobody is to be told. Rejects with TemporaryFailure where it cannot be found out now. */
  after(message: QueuedMessage, attempt: EndedAttempt): Promise<readonly Notice[]>
}

export type Notice = Pick<Wanted, 'kind' | 'reader'> & {
  readonly message: CreatedMessage
  /** Of the attempt: whom it is about. */
  readonly recipients: readonly QueuedRecipient[]
}

export type NoticeOptions = Rules & {
  readonly hostname: string
  /** Of our users: what our addresses in a notice have. */
  readonly domain: string
  readonly mydomain: string
  readonly maximalQueueLifetime: number
  readonly noticeLanguages: readonly [Language, ...Language[]]
  readonly templates: Templates
}

export function createNotices(deps: {
  readonly readOriginal: ReadOriginal
  /** Nobody can know it before. */
  readonly newName: () => string
  readonly options: NoticeOptions
  readonly log: Log
}): Notices {
  const { options, log, newName } = deps

  async function after(message: QueuedMessage, attempt: EndedAttempt): Promise<readonly Notice[]> {
    const { wanted, untold } = decide(message, attempt, options)
    if (untold !== undefined) {
      const to = untold.recipients.map(({ address }) => address).join(', ')
      log.info(
        { queueId: message.queueId, from: message.envelope.sender, to, reason: untold.why },
        'sender not told',
      )
    }
    if (wanted.length === 0) return []
    const original = await deps.readOriginal(message)
    return wanted.map((one) => compose(message, attempt, one, original))
  }

  function compose(
    message: QueuedMessage,
    { atMs }: EndedAttempt,
    wanted: Wanted,
    original: Original | undefined,
  ): Notice {
    const { kind, reader, to, recipients } = wanted
    const { hostname, domain, mydomain } = options
    const { sender, dsnEnvelopeId } = message.envelope
    const report: Report = {
      kind,
      reader,
      to,
      hostname,
      domain,
      recipients: [
        first(recipients).reported,
        ...recipients.slice(1).map(({ reported }) => reported),
      ],
      message: {
        queueId: message.queueId,
        sender,
        arrivedMs: message.arrivedMs,
        envelopeId: dsnEnvelopeId,
        messageId: soundMessageId(decodeEnvelope(message.index).messageId),
        returned: original === undefined ? null : returnedOf(message, original, wanted.returns),
      },
      retriesUntilMs: message.arrivedMs + options.maximalQueueLifetime,
      atMs,
      messageId: `${newName()}@${hostname}`,
      boundary: `=_${newName()}`,
    }
    const known = reader === 'sender' ? languageOf(original) : undefined
    const { bytes, eightBit, smtpUtf8 } = writeReport(report, {
      languages: known === undefined ? options.noticeLanguages : [known],
      templates: options.templates,
      variables: {
        mydomain,
        delayWarningMs: options.delayWarningTime,
        lifetimeMs: options.maximalQueueLifetime,
      },
    })
    const envelope: SmtpEnvelope = {
      sender: wanted.from,
      // RFC 3461 §6.1: of a notice no notice is wanted.
      recipients: [{ address: to, notify: ['NEVER'], originalRecipient: null }],
      body: eightBit ? '8BITMIME' : '7BIT',
      smtpUtf8: smtpUtf8 || !isAscii(to),
      // RFC 8689 §5: it tells of the message, and is protected like it.
      requireTls: message.envelope.requireTls,
      dsnReturn: null,
      dsnEnvelopeId: null,
    }
    return {
      kind,
      reader,
      recipients: recipients.map(({ recipient }) => recipient),
      message: {
        envelope,
        origin: own,
        prepend: '',
        deliveredTo: [],
        content: { kind: 'bytes', bytes },
      },
    }
  }

  return { after }
}

/** Nobody's client. */
const own: Origin = {
  listener: 'local',
  remoteAddress: '127.0.0.1',
  remotePort: 0,
  helo: '',
  tls: null,
  account: null,
}

function first<T>([one]: readonly T[]): T {
  if (one === undefined) throw new Error('a report of nobody')
  return one
}
