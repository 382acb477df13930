// The mail system on the AWS drivers as the cost benchmark runs it: an SMTP listener as its task has it, the functions, and Lambda's
// polling of their queues.

import { assembleContent } from '#services/assembly/content.ts'
import { openListeners } from '#services/assembly/listeners.ts'
import {
  assembleCleanup,
  assembleDelivery,
  assembleSweeper,
  openQueueManager,
  openSharedTurns,
} from '#services/assembly/pipeline.ts'
import { assemblePolicy, assembleRecorder } from '#services/assembly/policy.ts'
import { onQueueEvents, onSchedule, type SqsEvent } from '#services/aws/functions.ts'
import type { ContentStep } from '#shared/contracts/content.ts'
import type { FolderRef } from '#shared/contracts/mailbox.ts'
import type { PolicyVerdict, RecipientRequest } from '#shared/contracts/policy.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { encodeBody } from '#shared/storage/aws/queue-body.ts'
import type { QueueMessage } from '#shared/storage/ports.ts'
import { type AnswerRemote, remoteDelivery } from '#test/support/remote-delivery.ts'
import { sendLoad } from '#test/support/smtp-load.ts'
import { openBenchFunction } from './function.ts'
import { SETUP } from './meter.ts'
import type { Stage } from './stage.ts'
import { typicalMessage } from './typical-message.ts'

/** Operation of the container that delivers. */
export const SENDER = 'sender'
const MESSAGE_BYTES = 51_200
/** Messages that one event of the function brings at most: as in cdk/services. */
const BATCHES = { incoming: 10, active: 1, deferred: 1 } as const
type WorkedQueue = keyof typeof BATCHES
const VISIBILITY_SECONDS = 360
const DOMAINS = 4
const END = Buffer.from('.\r\n')
const quiet = [
  'smtp',
  'submission',
  'submissions',
  'imap',
  'imaps',
  'pop3',
  'pop3s',
  'managesieve',
] as const

/** What is found of nearly every message, without the DNS. */
const authenticated: ContentStep = {
  name: 'authentication',
  begin: () => ({
    judge: async () => ({ kind: 'accept', found: 'spf=pass dkim=pass dmarc=pass arc=none' }),
  }),
}

export type BenchSystem = Awaited<ReturnType<typeof openSystem>>

export async function openSystem(
  stage: Stage,
  set: readonly string[],
  deliverRemote: AnswerRemote = async () => [],
) {
  const { meter } = stage
  meter.operation = SETUP
  const policy = await openBenchFunction<RecipientRequest, PolicyVerdict>(
    stage,
    'policy',
    set,
    ({ backend, store }) => {
      const judge = assemblePolicy(backend)
      return async (request) => {
        const verdict = await judge.recipient(request)
        await judge.settle()
        await store.hintsSent()
        return verdict
      }
    },
  )
  const cleanup = await openBenchFunction(stage, 'cleanup', set, (opened) => {
    const { handle } = assembleCleanup(opened.backend)
    return onQueueEvents(opened, 'incoming', handle)
  })
  const delivery = await openBenchFunction(stage, 'delivery', set, (opened) => {
    const turnsOf = openSharedTurns(opened.backend)
    const work = assembleDelivery(opened.backend, remoteDelivery(deliverRemote))
    const underWay = { isSpeaking: () => true, giveUp: () => undefined }
    return onQueueEvents(opened, 'active', (bells) => turnsOf(work, underWay).handle(bells))
  })
  const sweeper = await openBenchFunction(stage, 'sweeper', set, (opened) => {
    const { ringDue } = assembleSweeper(opened.backend)
    return onSchedule(opened, { ring: () => ringDue() })
  })

  const certificate = makeSelfSigned('localhost', new Date())
  const edge = await stage.openTask([
    ...quiet.map((name) => `listeners.${name}.enabled=${name === 'smtp'}`),
    'listeners.smtp.address=127.0.0.1',
    'listeners.smtp.port=0',
    ...set,
  ])
  const recorder = assembleRecorder(edge.backend)
  const listeners = await openListeners(edge.backend, {
    content: assembleContent(edge.backend, {
      webhookSecret: undefined,
      before: [authenticated],
      recorder,
    }),
    certificates: { current: () => certificate, onChange: () => undefined, close: () => undefined },
    policy: { ...assemblePolicy(edge.backend, { recorder }), recipient: policy.invoke },
    hints: edge.store.signals,
  })
  const port = listeners.opened[0]?.port ?? 0
  const lambda = await stage.openTask(set, silentLog)
  let sentBefore = 0

  /** Over one connection, one after the other. */
  async function send(messages: readonly (readonly string[])[]): Promise<void> {
    meter.operation = 'edge'
    let sent = 0
    let accepted = 0
    await sendLoad({
      port,
      next() {
        const recipients = messages[sent]
        if (recipients === undefined) return undefined
        const token = `cost-${sent++}`
        const body = Buffer.concat([typicalMessage(sentBefore++, MESSAGE_BYTES), END])
        return { message: { token, recipients }, body }
      },
      accepted: () => accepted++,
    })
    if (accepted !== messages.length) throw new Error(`${accepted} of ${messages.length} accepted`)
  }

  /** What is written behind answers is written. */
  const settled = () => recorder.settle()

  /** What Lambda's poller does, until so many messages were handled. */
  async function work(name: WorkedQueue, messages: number): Promise<void> {
    const queue = lambda.store.queues[name]
    for (let done = 0; done < messages; ) {
      const received = await meter.run('polling', () =>
        gather(name, Math.min(BATCHES[name], messages - done)),
      )
      const event = { Records: received.map(sqsRecord) }
      const { batchItemFailures } = await (name === 'incoming' ? cleanup : delivery).invoke(event)
      if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} failed`)
      await meter.run('polling', () => queue.acknowledge(received.map(({ receipt }) => receipt)))
      done += received.length
    }
  }

  /** One poll that finds as many as are wanted: before that nobody counts. */
  async function gather(name: WorkedQueue, max: number): Promise<readonly QueueMessage[]> {
    const options = { visibilitySeconds: VISIBILITY_SECONDS, waitSeconds: 1 }
    return lambda.store.queues[name].receive({ ...options, max })
  }

  /** What the container `sender` does in place of the function delivery, until `isDone`. */
  async function workAsSender(isDone: () => boolean): Promise<void> {
    const { backend } = await stage.openTask(set)
    meter.operation = SENDER
    const delivering = assembleDelivery(backend, remoteDelivery(deliverRemote))
    const manager = openQueueManager(
      () => backend,
      () => delivering,
    )
    while (!isDone()) await systemClock.sleep(20)
    await manager.stop()
    await meter.settle()
  }

  /** Accounts of several domains, so that they can be made at the same time; each is a domain's count and two items. */
  async function addAccounts(count: number, prefix = 'u'): Promise<readonly string[]> {
    meter.operation = SETUP
    const { directory, mailbox } = edge.backend
    const addresses: string[] = []
    await Promise.all(
      Array.from({ length: DOMAINS }, async (_, d) => {
        for (let n = d; n < count; n += DOMAINS) {
          const address = parseAddress(`${prefix}${n}@d${d}.example.test`)
          if (address === undefined) throw new Error(`${prefix}${n}`)
          if (n === d) await directory.domains.add(address.domain)
          const added = await directory.accounts.add({ address, passwordHash: 'x' })
          if (added.kind !== 'ok') throw new Error(added.kind)
          addresses[n] = formatAddress(address)
          inboxes[n] = () => mailbox.inbox(added.account.id)
        }
      }),
    )
    return addresses
  }
  /** Of each account; made when it is asked for. */
  const inboxes: (() => Promise<FolderRef>)[] = []

  return {
    send,
    settled,
    work,
    workAsSender,
    addAccounts,
    inboxes,
    policy,
    cleanup,
    delivery,
    sweeper,
    close: () => listeners.close(0),
  }
}

function sqsRecord({ id, body, receipt, receives }: QueueMessage): SqsEvent['Records'][number] {
  return {
    messageId: id,
    receiptHandle: receipt,
    body: encodeBody(body),
    attributes: { ApproximateReceiveCount: String(receives) },
    eventSourceARN: '',
  }
}
