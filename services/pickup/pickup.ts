// pickup: takes what `sendmail` left in the maildrop into the queue.
//
// Implementation notes. A message is never lost and never taken twice: its file is moved under a queue id first, and the move is made
// durable; the message is accepted under that id; the file is removed, and that made durable; only then the doorbell rings. So
// nobody works on the message while its file is there, and a file that a crash left is known by its id to be accepted or not. `recover`
// sees to such files before any worker runs.

import { type MaildropLimits, maySubmit } from '#shared/contracts/maildrop.ts'
import type { SmtpEnvelope, Spool } from '#shared/contracts/spool.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { formatDate } from '#shared/mail/date.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { addressField } from '#shared/mail/header-text.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { MailQueue } from '#shared/queue/mail-queue.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import type { MaildropFolder } from './maildrop-folder.ts'
import { readSubmittedFile, type SubmittedFile } from './submitted-file.ts'

/** Files taken with one pair of syncs. */
export const PICKED_UP_AT_ONCE_MAX = 64
/** Of those, files that could not be taken before: however many there are, they keep no others waiting. */
const TRIED_AGAIN_AT_ONCE_MAX = PICKED_UP_AT_ONCE_MAX / 2

export type PickupOptions = MaildropLimits & {
  readonly hostname: string
  /** Of addresses without a domain. */
  readonly originDomain: string
  /** The content filter that it goes through; '' for none. */
  readonly contentFilter: string
}

export interface Pickup {
  /** Ends what a crash interrupted; before anything else works on the queue. */
  recover(): Promise<void>
  /** Takes all that is there; how many it was. */
  takeAll(): Promise<number>
}

export type PickupDeps = {
  readonly folder: MaildropFolder
  /** Rings nobody. */
  readonly spool: Spool
  readonly queue: Pick<MailQueue, 'load' | 'finish'>
  readonly objects: Pick<ObjectStore, 'size'>
  readonly ring: (queueId: QueueId) => void
  /** Of the machine; undefined for one without a name. */
  readonly userName: (uid: number) => Promise<string | undefined>
  /** As they are now. */
  readonly options: () => PickupOptions
  readonly clock: Clock
  readonly log: Log
}

type Outcome = 'accepted' | 'aside' | 'later'

export function createPickup(deps: PickupDeps): Pickup {
  const { folder, spool, queue, clock, log } = deps
  /** In the queue, and the file would not go. */
  const stuck = new Set<QueueId>()
  /** Claimed, and could not be taken; who was tried last is last. */
  const waiting = new Set<QueueId>()

  async function recover(): Promise<void> {
    const claimed = await folder.claimed()
    const accepted: QueueId[] = []
    for (const queueId of claimed) {
      const [message] = await queue.load([queueId])
      if (message === undefined) continue
      if ((await deps.objects.size(message.object.key)) !== undefined) accepted.push(queueId)
      // Nothing of it could be delivered; its file is there, and is taken again, under the same id: no story of its end may be in the way.
      else await queue.finish(message, { isUnaccepted: true })
    }
    await removeAll(accepted)
  }

  async function takeAll(): Promise<number> {
    let taken = 0
    const tried = new Set<QueueId>()
    for (;;) {
      // Also what could not be taken before. Within this process nobody else claims.
      const claimed = (await folder.claimed()).filter((id) => !stuck.has(id) && !tried.has(id))
      const fresh = claimed.filter((id) => !waiting.has(id))
      const left = new Set(claimed)
      const ids = [...fresh, ...[...waiting].filter((id) => left.has(id))]
      ids.splice(TRIED_AGAIN_AT_ONCE_MAX)
      const names = await folder.whole(PICKED_UP_AT_ONCE_MAX - ids.length, clock.now())
      for (const name of names) {
        const queueId = spool.newQueueId()
        if (await folder.claim(name, queueId)) ids.push(queueId)
      }
      if (ids.length === 0) return taken
      await folder.sync()
      const outcomes = await Promise.all(
        ids.map(async (queueId) => ({ queueId, outcome: await take(queueId) })),
      )
      const of = (wanted: Outcome) =>
        outcomes.flatMap(({ queueId, outcome }) => (outcome === wanted ? queueId : []))
      const accepted = of('accepted')
      await removeAll(accepted)
      taken += accepted.length
      for (const queueId of ids) {
        tried.add(queueId)
        waiting.delete(queueId)
      }
      const later = of('later')
      for (const queueId of later) waiting.add(queueId)
      // It is not their fault.
      if (later.length === ids.length) return taken
    }
  }

  async function removeAll(accepted: readonly QueueId[]): Promise<void> {
    if (accepted.length === 0) return
    const removed: QueueId[] = []
    for (const queueId of accepted) {
      try {
        await folder.remove(queueId)
        removed.push(queueId)
      } catch (error) {
        stuck.add(queueId)
        log.error({ queueId, error }, 'submitted file not removed')
      }
    }
    await folder.sync()
    for (const queueId of removed) deps.ring(queueId)
  }

  async function take(queueId: QueueId): Promise<Outcome> {
    try {
      if (!(await spool.hasRoom())) return 'later'
      await using file = await folder.openClaimed(queueId)
      const submitted = await readSubmittedFile(file)
      const why = typeof submitted === 'string' ? submitted : await accept(queueId, submitted)
      if (why === undefined) return 'accepted'
      log.error({ queueId, reason: why }, 'submitted file set aside')
      await folder.setClaimedAside(queueId)
      return 'aside'
    } catch (error) {
      if (isUnusable(error)) {
        log.error({ queueId, error }, 'submitted file set aside')
        await folder.setClaimedAside(queueId)
        return 'aside'
      }
      log.error({ queueId, error }, 'submitted file not taken now')
      return 'later'
    }
  }

  /** A text: why it cannot be taken. */
  async function accept(queueId: QueueId, file: SubmittedFile): Promise<string | undefined> {
    const options = deps.options()
    const { submission, uid } = file
    // Not when it was written: what is overdue would be worked on before its file is gone.
    const arrivedMs = clock.now()
    const name = await deps.userName(uid)
    if (!maySubmit({ name, uid }, options.authorizedSubmitUsers)) {
      return `user ${name ?? uid} may not submit mail`
    }
    if (file.bytes > options.messageSizeLimit) {
      return `${file.bytes} bytes, of ${options.messageSizeLimit} that a message may have`
    }
    const whole = (text: string) => completed(text, options.originDomain)
    const wanted = submission.sender ?? name ?? String(uid)
    const sender = wanted === '' ? '' : whole(wanted)
    if (sender === undefined) return `'${wanted}' is no address`
    const recipients: string[] = []
    for (const text of submission.recipients) {
      const address = whole(text)
      if (address === undefined) return `'${text}' is no address`
      recipients.push(address)
    }
    const spooled = await spool.receive(queueId, contentOf(file, sender))
    if (spooled.isDisallowed) {
      await spool.discard(spooled)
      return 'it has characters that messageRejectCharacters refuses'
    }
    const messageId = await spool.accept({
      spooled,
      envelope: envelopeOf(file, sender, recipients),
      origin: {
        listener: 'local',
        remoteAddress: '127.0.0.1',
        remotePort: 0,
        helo: options.hostname,
        tls: null,
        account: null,
      },
      prepend:
        `Received: by ${options.hostname} (Postwolke, from userid ${uid})\r\n` +
        `\tid ${queueId}; ${formatDate(arrivedMs)}\r\n`,
      arrivedMs,
      ...(options.contentFilter !== '' && { filter: options.contentFilter }),
    })
    log.info(
      {
        queueId,
        messageId,
        uid,
        from: sender,
        to: recipients[0],
        recipients: recipients.length,
        size: spooled.index.bytes,
      },
      'message accepted',
    )
    return undefined
  }

  return { recover, takeAll }
}

/** A link, a pipe, a socket, or a file that its owner let nobody read: none of them becomes a message by itself. */
const isUnusable = (error: unknown) =>
  error instanceof Error &&
  'code' in error &&
  ['EACCES', 'EPERM', 'ELOOP', 'ENXIO', 'EISDIR'].includes(String(error.code))

async function* contentOf(file: SubmittedFile, author: string): AsyncGenerator<Uint8Array> {
  const { fullName } = file.submission
  // Who has no address has no name either; then a field is added as for other clients.
  if (fullName !== null && author !== '') {
    yield Buffer.from(addressField('From', [{ name: fullName, address: author }]))
  }
  yield* file.read()
}

function envelopeOf(
  { submission }: SubmittedFile,
  sender: string,
  recipients: readonly string[],
): SmtpEnvelope {
  const { notify, dsnReturn, dsnEnvelopeId, body } = submission
  return {
    sender,
    recipients: recipients.map((address) => ({ address, notify, originalRecipient: null })),
    body,
    smtpUtf8: [sender, ...recipients].some((address) => /[^\x00-\x7f]/.test(address)),
    requireTls: false,
    dsnReturn,
    dsnEnvelopeId,
  }
}

function completed(text: string, originDomain: string): string | undefined {
  const address = parseAddress(text, parseDomain(originDomain))
  return address && formatAddress(address)
}
