// Notices that write none by themselves: they remember what they were asked, and answer what a test lets them.

import type { EndedAttempt, Notice, Notices } from '#services/delivery/notices/notices.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'

export type FakeNotices = Notices & {
  /** In the order of the questions; an attempt that nobody failed in is one too. */
  readonly asked: { readonly message: QueuedMessage; readonly attempt: EndedAttempt }[]
  /** Of whom a sender would have been told that mail failed for good: `address status reply`. */
  failures(): readonly string[]
}

export function createFakeNotices(
  answer: (
    message: QueuedMessage,
    attempt: EndedAttempt,
  ) => readonly Notice[] | Promise<readonly Notice[]> = () => [],
): FakeNotices {
  const asked: FakeNotices['asked'] = []
  return {
    asked,
    async after(message, attempt) {
      asked.push({ message, attempt })
      return await answer(message, attempt)
    },
    failures: () =>
      asked.flatMap(({ attempt }) =>
        attempt.recipients.flatMap(({ recipient, result }) =>
          result.kind === 'failed' ? `${recipient.address} ${result.status} ${result.reply}` : [],
        ),
      ),
  }
}
