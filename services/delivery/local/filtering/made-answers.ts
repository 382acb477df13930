// The messages of scripts with the bytes that shared/sieve/made makes of values: their envelopes, and the rules of who gets one.

import type { Origin, SmtpEnvelope } from '#shared/contracts/spool.ts'
import type { Language } from '#shared/mail/dsn/notice-text.ts'
import type { Returned } from '#shared/mail/dsn/report.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { madeEnvelope } from '#shared/sieve/made/envelope.ts'
import { writeFailureNotice } from '#shared/sieve/made/failure-notice.ts'
import { mayAnswer } from '#shared/sieve/made/may-answer.ts'
import type { MadeMessage } from '#shared/sieve/made/message.ts'
import { writeNotification } from '#shared/sieve/made/notification.ts'
import { refusalOf, writeRejection } from '#shared/sieve/made/refusal.ts'
import { writeVacationAnswer } from '#shared/sieve/made/vacation-answer.ts'
import type { Answers, Sent } from './answers.ts'

export function createAnswers(deps: {
  /** Nobody can know it before. */
  readonly newName: () => string
  /** Of what is sent back; undefined where it is not there any more. */
  readonly headerOf: (message: QueuedMessage) => Promise<Returned | undefined>
  /** Why its sender may be another than its envelope says: strangers' mail is returned to nobody then. */
  readonly whyDoubted: (message: QueuedMessage) => string | undefined
  readonly options: {
    readonly hostname: string
    /** Of MAILER-DAEMON and postmaster, in what owners are told. */
    readonly domain: string
    readonly languages: readonly [Language, ...Language[]]
  }
  readonly clock: Clock
}): Answers {
  const { options, clock } = deps
  const messageId = () => `${deps.newName()}@${options.hostname}`

  return {
    async mayAnswer({ message: of }, { addresses }, { message, envelope, owner }) {
      const may = mayAnswer({ header: await message.header(), envelope, owner, addresses })
      const because = deps.whyDoubted(of)
      return may.kind === 'silent' || because === undefined ? may : { kind: 'silent', because }
    },

    async vacation({ message: of }, action, { message, owner }, to) {
      const header = await message.header()
      const atMs = clock.now()
      const made = writeVacationAnswer({ action, header, owner, to, atMs, messageId: messageId() })
      // RFC 5230 §5.1: from nobody, so that it is answered by nobody.
      return sent(made, madeEnvelope(made, '', [to], of.envelope.requireTls))
    },

    async notification({ message: of }, action, { message, envelope, owner }) {
      const { mailto } = action
      const header = await message.header()
      const facts = { action, mailto, header, envelope, owner }
      const made = writeNotification({ ...facts, atMs: clock.now(), messageId: messageId() })
      // RFC 6068 §2: a URI may name nobody.
      if (made.recipients.length === 0) return { kind: 'silent', because: 'it is to nobody' }
      return sent(made, madeEnvelope(made, made.sender, made.recipients, of.envelope.requireTls))
    },

    async refusal({ message: of, recipient }, action, { message, owner }) {
      const refusal = refusalOf(action, of.envelope.sender)
      if (refusal.kind !== 'mdn') return refusal
      const { to } = refusal
      const because = recipient.notify.includes('NEVER')
        ? 'its sender wants no notice'
        : deps.whyDoubted(of)
      if (because !== undefined) return { kind: 'silent', because }
      const { hostname, languages } = options
      const made = writeRejection({
        ...{ reason: action.reason, to, owner, hostname, languages },
        header: await message.header(),
        originalRecipient: recipient.originalRecipient,
        returned: (await deps.headerOf(of)) ?? null,
        atMs: clock.now(),
        messageId: messageId(),
        boundary: `=_${deps.newName()}`,
      })
      return sent(made, madeEnvelope(made, '', [to], of.envelope.requireTls))
    },

    async failure({ script, at, reason }, { message, owner }) {
      const { domain, languages } = options
      const { bytes } = writeFailureNotice({
        ...{ script: script === '' ? null : script, at, reason, owner, domain, languages },
        where: 'delivery',
        header: await message.header(),
        atMs: clock.now(),
        messageId: messageId(),
      })
      return bytes
    },
  }
}

function sent({ bytes }: MadeMessage, envelope: SmtpEnvelope): Sent {
  return {
    kind: 'sent',
    to: envelope.recipients[0]?.address ?? '',
    bytes,
    created: {
      envelope,
      origin: own,
      prepend: '',
      deliveredTo: [],
      content: { kind: 'bytes', bytes },
    },
  }
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
