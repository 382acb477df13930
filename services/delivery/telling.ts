// What senders are told of an attempt becomes part of its settlement: the notices are stored before, and written with the results. Whose
// sender cannot be told now stays in the queue.

import type { StageMessage } from '#shared/queue/created-message.ts'
import type { QueuedMessage, QueuedRecipient } from '#shared/queue/records.ts'
import { canBeCreated } from '#shared/queue/writes.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { EndedAttempt } from './notices/ended-attempt.ts'
import type { Notice, Notices } from './notices/notices.ts'

export type Telling = {
  /** To create with the results. */
  readonly staged: readonly StagedNotice[]
  /** Told of a delay, now. */
  readonly warned: ReadonlySet<QueuedRecipient>
  /** They are done with, their sender is to be told and is not: they stay for that. */
  readonly untold: ReadonlySet<QueuedRecipient>
}

export type StagedNotice = Pick<Notice, 'kind' | 'reader'> & { readonly message: QueuedMessage }

/** `creates`: what else the settlement creates. */
export function createTelling(deps: {
  readonly notices: Notices
  readonly stageMessage: StageMessage
  readonly log: Log
}) {
  return async function tell(
    message: QueuedMessage,
    attempt: EndedAttempt,
    creates: readonly QueuedMessage[],
  ): Promise<Telling> {
    const ended = attempt.recipients.flatMap(({ recipient, result }) =>
      result.kind === 'failed' || isToldOfSuccess(recipient) ? [recipient] : [],
    )
    const staged: StagedNotice[] = []
    const warned = new Set<QueuedRecipient>()
    const untold = new Set<QueuedRecipient>()
    try {
      for (const notice of await deps.notices.after(message, attempt)) {
        const one = await stage(message, notice, [...creates, ...staged.map((all) => all.message)])
        if (one !== undefined) staged.push(one)
        for (const recipient of notice.recipients) {
          if (notice.kind === 'delay' && one !== undefined) warned.add(recipient)
          const isForSender = notice.kind === 'failure' || notice.kind === 'success'
          if (isForSender && one === undefined) untold.add(recipient)
        }
      }
    } catch (error) {
      deps.log.error({ queueId: message.queueId, error }, 'sender cannot be told now')
      return { staged: [], warned: new Set(), untold: new Set(ended) }
    }
    return { staged, warned, untold }
  }

  /** Undefined where it cannot be done now. */
  async function stage(
    message: QueuedMessage,
    notice: Notice,
    others: readonly QueuedMessage[],
  ): Promise<StagedNotice | undefined> {
    const { queueId } = message
    const { kind, reader } = notice
    try {
      const staged = await deps.stageMessage(message, notice.message)
      if (canBeCreated([...others, staged])) return { kind, reader, message: staged }
      deps.log.warn({ queueId, reader, kind }, 'notice waits: too much follows from this attempt')
    } catch (error) {
      deps.log.error({ queueId, reader, kind, error }, 'notice cannot be stored now')
    }
    return undefined
  }
}

/** As Postfix's log has them, with the queue id of the notice, so that one leads to the other. */
export function logNotices(
  log: Log,
  { queueId }: QueuedMessage,
  staged: readonly StagedNotice[],
): void {
  for (const { kind, reader, message } of staged) {
    const [recipient] = message.envelope.recipients
    log.info(
      { queueId, notice: message.queueId, to: recipient?.address },
      `${reader} ${wordOf[kind]}`,
    )
  }
}

const wordOf = {
  failure: 'non-delivery notification',
  delay: 'delay notification',
  success: 'delivery status notification',
  problem: 'problem notification',
} as const satisfies { readonly [kind in Notice['kind']]: string }

/** Or may be: what is not known yet must not be forgotten. */
const isToldOfSuccess = ({ notify, last }: QueuedRecipient) =>
  notify.includes('SUCCESS') || last?.warned === true
