// The services behind the listeners on a given store, driven by hand: a test rings, steps and looks.

import { createBackend } from '#services/assembly/backend.ts'
import {
  assembleCleanup,
  assembleDelivery,
  filteringDeliveries,
} from '#services/assembly/pipeline.ts'
import { createWorkers } from '#services/one-machine/workers.ts'
import type { AcceptedMessage, SmtpEnvelope } from '#shared/contracts/spool.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { decodeEnvelope } from '#shared/mail/index-codec.ts'
import type { Envelope } from '#shared/mail/message-index.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { formatRoute } from '#shared/mail/route.ts'
import { createMessageOpener } from '#shared/message/message-opener.ts'
import { createCleanEnvelope } from '#shared/queue/clean-envelope.ts'
import type { Expand, LocalDelivery } from '#shared/queue/pipeline.ts'
import { createSpool } from '#shared/queue/spool.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { type Log, silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import type { Store } from '#shared/storage/ports.ts'
import { createFakeNotices, type FakeNotices } from './fake-notices.ts'
import { origin } from './origin.ts'
import { type AnswerRemote, remoteDelivery } from './remote-delivery.ts'

export { origin }

/** Longer than any pause between attempts, shorter than what keeps an eye on something. */
const PAUSE_MS_MAX = 60_000

/**
 * A clock whose hands are turned by the test, and by whoever makes a pause: that takes a turn of the event loop, and is over at its hour
 * for all who make one then. Whoever sleeps longer (a lease that is to be renewed) wakes when the hands get there.
 */
export function manualClock(
  startMs = Date.UTC(2026, 10, 20),
): Clock & { advance(ms: number): void } {
  let nowMs = startMs
  const sleepers = new Set<{ readonly overMs: number; readonly wake: () => void }>()
  function turnTo(ms: number): void {
    nowMs = Math.max(nowMs, ms)
    for (const sleeper of sleepers) {
      if (sleeper.overMs > nowMs) continue
      sleepers.delete(sleeper)
      sleeper.wake()
    }
  }
  return {
    now: () => nowMs,
    advance: (ms) => turnTo(nowMs + ms),
    async sleep(ms, signal) {
      const overMs = nowMs + Math.ceil(ms)
      if (ms <= PAUSE_MS_MAX) {
        await new Promise((resolve) => setImmediate(resolve))
        if (!signal?.aborted) turnTo(overMs)
        return
      }
      await new Promise<void>((wake) => {
        sleepers.add({ overMs, wake })
        signal?.addEventListener('abort', () => wake())
        if (signal?.aborted) wake()
      })
    },
  }
}

export type Pipeline = ReturnType<typeof createPipeline>

export function createPipeline(
  store: Store,
  clock: Clock,
  {
    deliverRemote = noRemote,
    deliverLocal,
    notices = createFakeNotices(),
    tellsSenders = false,
    needsContent,
    cleanupReads = needsContent === undefined && deliverLocal === undefined,
    set = [] as readonly string[],
    log = silentLog,
  }: {
    deliverRemote?: AnswerRemote
    /** Instead of what delivers to accounts here. */
    deliverLocal?: LocalDelivery
    /** What senders are told of; by itself nothing. */
    notices?: FakeNotices
    /** As the running system does it. */
    tellsSenders?: boolean
    /** Accounts here whose mail cleanup leaves to delivery. */
    needsContent?: (address: string) => boolean
    /** Cleanup may read messages, as on one machine and not on AWS. */
    cleanupReads?: boolean
    set?: readonly string[]
    log?: Log
  } = {},
) {
  const loaded = loadSettings({
    environment: {},
    overrides: ['hostname=mx.example.test', 'defaultDomain=example.test', ...set],
  })
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
  const backend = createBackend({ store, settings: loaded.settings, clock, log })
  const expand: Expand = async (...given) => {
    const { local, ...others } = await backend.expand(...given)
    const marked = local.map((one) => ({
      ...one,
      needsContent: one.needsContent || needsContent?.(one.address) === true,
    }))
    return { ...others, local: marked }
  }
  const spool = createSpool({
    queue: backend.queue,
    store,
    // At once, so that a test knows when it has rung.
    ring: (queueId) => void store.queues.incoming.send([queueId]).catch(() => undefined),
    cleanEnvelope: createCleanEnvelope(backend.rewriting),
    options: loaded.settings,
    clock,
    log: silentLog,
  })
  const remote = remoteDelivery(deliverRemote)
  const workers = {
    ...createWorkers(backend, remote),
    cleanup: assembleCleanup(
      { ...backend, expand },
      cleanupReads
        ? filteringDeliveries(backend).onTheSpot
        : deliverLocal && { deliverLocal, reads: false },
    ),
    delivery: assembleDelivery(backend, remote, deliverLocal, tellsSenders ? undefined : notices),
  }

  /** What a listener does with a message; resolves where it would say `250`. */
  async function accept(
    message: string,
    recipients: readonly string[],
    given: Partial<Omit<AcceptedMessage, 'envelope'>> & {
      readonly envelope?: Partial<SmtpEnvelope>
    } = {},
    said250: (messageId: string | null) => void = () => {},
  ): Promise<QueueId> {
    const queueId = spool.newQueueId()
    const bytes = Buffer.from(message, 'latin1')
    const spooled = await spool.receive(
      queueId,
      (async function* () {
        yield bytes
      })(),
    )
    const messageId = await spool.accept({
      spooled,
      origin: origin(null),
      prepend: 'Received: by mx.example.test\r\n',
      arrivedMs: clock.now(),
      ...given,
      envelope: {
        sender: 'sender@remote.test',
        recipients: recipients.map((address) => ({ address, notify: [], originalRecipient: null })),
        body: '7BIT',
        smtpUtf8: false,
        requireTls: false,
        dsnReturn: null,
        dsnEnvelopeId: null,
        ...given.envelope,
      },
    })
    said250(messageId)
    // The doorbell is on its way; writes of one process keep their order, so after this one it has arrived.
    await store.tables.counters.write({ put: { pk: 'barrier', sk: queueId } })
    return queueId
  }

  /** Handles every doorbell there is, until none is left. */
  async function settle(): Promise<void> {
    const options = { max: 64, visibilitySeconds: 60, waitSeconds: 0 }
    for (let quiet = false; !quiet; ) {
      quiet = true
      for (const [name, handle] of [
        ['incoming', workers.cleanup.handle],
        ['active', workers.delivery.handle],
        ['deferred', workers.delivery.handle],
      ] as const) {
        const queue = store.queues[name]
        const bells = await queue.receive(options)
        if (bells.length === 0) continue
        quiet = false
        const { retry, underWay } = await handle(bells)
        await underWay?.catch(() => undefined)
        const again = bells.filter((bell) => retry.includes(bell.id))
        const done = bells.filter((bell) => !retry.includes(bell.id))
        await queue.acknowledge(done.map((bell) => bell.receipt))
        await queue.extend(
          again.map((bell) => bell.receipt),
          60,
        )
      }
    }
  }

  async function addAccount(
    text: string,
    changes: { quotaBytes?: number; enabled?: boolean } = {},
  ) {
    const address = parseAddress(text)
    if (address === undefined) throw new Error(text)
    await backend.directory.domains.add(address.domain)
    const added = await backend.directory.accounts.add({ address, passwordHash: 'x', ...changes })
    if (added.kind !== 'ok') throw new Error(`${text}: ${added.kind}`)
    return added.account
  }

  async function addAlias(name: string, targets: readonly string[]) {
    const local = name.startsWith('@') ? null : (parseAddress(name)?.local ?? null)
    const domain = parseDomain(name.slice(name.lastIndexOf('@') + 1))
    if (domain === undefined) throw new Error(name)
    const added = await backend.directory.aliases.add(
      { local, domain },
      targets.flatMap((target) => parseAddress(target) ?? []),
    )
    if (added.kind !== 'ok') throw new Error(`${name}: ${added.kind}`)
  }

  /** The INBOX as its reader sees it, oldest first. */
  async function messagesOf(text: string) {
    const address = parseAddress(text)
    const account = address && (await backend.directory.accounts.get(address))
    if (account === undefined) throw new Error(`no account ${text}`)
    const folder = await backend.mailbox.inbox(account.id)
    const { messages } = await backend.mailbox.snapshot(folder)
    return messages
  }

  async function envelopes(text: string): Promise<Envelope[]> {
    const messages = await messagesOf(text)
    const blobs = await backend.mailbox.blobs(messages.map(({ blobId }) => blobId))
    return blobs.flatMap((blob) => (blob === undefined ? [] : [decodeEnvelope(blob.index)]))
  }

  async function inbox(text: string): Promise<string[]> {
    const messages = await messagesOf(text)
    const opener = createMessageOpener({
      blob: backend.mailbox.blob,
      objects: backend.store.objects,
    })
    return Promise.all(
      messages.map(async (message) => {
        const open = await opener.open(message)
        if (open === undefined) throw new Error(`message ${message.uid} has no blob`)
        const chunks = await Array.fromAsync(open.stream())
        return Buffer.concat(chunks).toString('latin1')
      }),
    )
  }

  return {
    backend,
    spool,
    workers,
    notices,
    accept,
    settle,
    addAccount,
    addAlias,
    inbox,
    envelopes,
  }
}

const noRemote: AnswerRemote = async (_message, route, recipients) =>
  recipients.map(() => ({
    kind: 'deferred',
    status: '4.4.1',
    reply: `no way to ${formatRoute(route)}`,
  }))
