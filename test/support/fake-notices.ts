// Notices that write none by themselves: they remember what they were asked, and answer what a test lets them.

import type { EndedAttempt, EndedRecipient } from '#services/delivery/notices/ended-attempt.ts'
import type { Notice, Notices } from '#services/delivery/notices/notices.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { origin } from './origin.ts'

export type FakeNotices = Notices & {
  /** In the order of the questions; an attempt that nobody failed in is one too. */
  readonly asked: { readonly message: QueuedMessage; readonly attempt: EndedAttempt }[]
  /** Of whom a sender would have been told that mail failed for good: `address status reply`. */
  failures(): readonly string[]
}

type Answer = (
  message: QueuedMessage,
  attempt: EndedAttempt,
) => readonly Notice[] | Promise<readonly Notice[]>

/** Where somebody failed, a message from nobody to the sender with a line for each. */
export const bounce: Answer = ({ envelope: { sender } }, attempt) => {
  const lines = attempt.recipients.flatMap(failure)
  if (lines.length === 0 || sender === '') return []
  return [
    {
      kind: 'failure',
      reader: 'sender',
      recipients: attempt.recipients.map(({ recipient }) => recipient),
      message: {
        envelope: {
          sender: '',
          recipients: [{ address: sender, notify: ['NEVER'], originalRecipient: null }],
          body: '7BIT',
          smtpUtf8: false,
          requireTls: false,
          dsnReturn: null,
          dsnEnvelopeId: null,
        },
        origin: origin(null),
        prepend: '',
        deliveredTo: [],
        content: {
          kind: 'bytes',
          bytes: Buffer.from(`Subject: returned\r\n\r\n${lines.join('\r\n')}\r\n`),
        },
      },
    },
  ]
}

/** What cannot be found out for now. */
export const mute: Answer = () => {
  throw new TemporaryFailure('no notice now')
}

export function createFakeNotices(answer: Answer = () => []): FakeNotices {
  const asked: FakeNotices['asked'] = []
  return {
    asked,
    async after(message, attempt) {
      asked.push({ message, attempt })
      return await answer(message, attempt)
    },
    failures: () => asked.flatMap(({ attempt }) => attempt.recipients.flatMap(failure)),
  }
}

const failure = ({ recipient, result }: EndedRecipient) =>
  result.kind === 'failed' ? [`${recipient.address} ${result.status} ${result.reply}`] : []
