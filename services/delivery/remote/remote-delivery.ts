// Remote delivery: the queue's message and recipients as one transfer, and the transport that takes it along its route. The transport is
// chosen here and nowhere else. Recipients whose mail leaves with different senders, or was sent on by different accounts, get a transfer
// each, one after the other, and so do those on an old server: what tells us that the message went there names one address.

import type { Contact, DeliveryResult, FinalRecipient } from '#shared/contracts/delivery.ts'
import { AT_SOURCE_FIELD } from '#shared/mail/at-source-mark.ts'
import type { Route } from '#shared/mail/route.ts'
import type { DestinationReport, RemoteAttempt, RemoteDelivery } from '#shared/queue/pipeline.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import { asItCame, type LeavingEnvelope } from './leaving-envelope.ts'
import { openOutboundMessage } from './outbound-message.ts'
import type { Signing } from './signing/signing.ts'
import type { Transport } from './transport.ts'

export function createRemoteDelivery(deps: {
  readonly objects: ObjectStore
  /** `isFilter`: it leads to the message's content filter. */
  readonly transportOf: (route: Route, about: { readonly isFilter: boolean }) => Transport
  /** Absent: envelopes leave as they came. */
  readonly leaving?: LeavingEnvelope
  readonly signing?: Signing
  readonly clock: Clock
  /** Our name, in header fields that a message lacks. */
  readonly hostname: string
  readonly log?: Pick<Log, 'info' | 'error'>
}): RemoteDelivery {
  const { leaving = asItCame } = deps

  async function partsOf(
    message: QueuedMessage,
    route: Route,
    recipients: readonly FinalRecipient[],
  ): Promise<readonly Part[]> {
    const parts = new Map<string, Part & { members: Member[] }>()
    for (const [place, recipient] of recipients.entries()) {
      const sender = await leaving.senderOf(message, route, recipient)
      const address = await leaving.addressOf(message, route, recipient)
      const { forwardedBy } = recipient
      const atSource = recipient.accountId === null ? undefined : recipient.address
      const key = `${sender}\n${forwardedBy ?? ''}\n${atSource ?? ''}`
      const member = { place, recipient: { ...recipient, address } }
      const part = parts.get(key)
      if (part === undefined) parts.set(key, { sender, forwardedBy, atSource, members: [member] })
      else part.members.push(member)
    }
    return [...parts.values()]
  }

  async function deliverPart(
    message: QueuedMessage,
    route: Route,
    { sender, forwardedBy, atSource, members }: Part,
    onContact: (contact: Contact) => void,
  ): Promise<RemoteAttempt> {
    const { queueId, envelope } = message
    const { dsnReturn, dsnEnvelopeId, requireTls, tlsRequiredNo } = envelope
    if (sender !== envelope.sender) {
      deps.log?.info({ queueId, from: envelope.sender, leavesAs: sender }, 'sender rewritten')
    }
    const passed = atSource === undefined ? message : withField(message, AT_SOURCE_FIELD, atSource)
    const forwarded =
      forwardedBy === undefined ? passed : withField(passed, 'Delivered-To', forwardedBy)
    return deps.transportOf(route, { isFilter: message.filter !== null }).deliver({
      queueId,
      route,
      sender,
      recipients: members.map(({ recipient }) => recipient),
      dsnReturn,
      dsnEnvelopeId,
      requireTls,
      ...(tlsRequiredNo && { tlsRequiredNo }),
      ageMs: deps.clock.now() - message.arrivedMs,
      openMessage: ({ lineBytesMax }) =>
        openOutboundMessage(
          forwarded,
          { objects: deps.objects, signing: deps.signing },
          {
            hostname: deps.hostname,
            lineBytesMax,
            generic: leaving.headerOf(message, route),
            forwarder: members[0]?.recipient.original,
          },
        ),
      onContact,
    })
  }

  return async function deliverRemote(message, route, recipients, onContact) {
    const results: DeliveryResult[] = []
    let destination: DestinationReport = { kind: 'untried' }
    const parts = await partsOf(message, route, recipients).catch((error: unknown) => {
      if (error instanceof TemporaryFailure) return error
      throw error
    })
    if (parts instanceof TemporaryFailure) return notNow(recipients, parts.message)
    for (const part of parts) {
      // Nobody is there: what was said of the first holds of the others too.
      const attempt: RemoteAttempt =
        destination.kind === 'unreachable'
          ? putOff(part, destination)
          : await deliverPart(message, route, part, onContact).catch((error: unknown) => {
              // What others of the group were told before stays so: they must not get it again.
              deps.log?.error({ queueId: message.queueId, error }, 'delivery attempt failed')
              return notNow(part.members, String(error))
            })
      for (const [i, { place }] of part.members.entries()) {
        const result = attempt.results[i]
        if (result !== undefined) results[place] = result
      }
      if (destination.kind !== 'reached') destination = attempt.destination
    }
    return { results, destination }
  }
}

type Member = { readonly place: number; readonly recipient: FinalRecipient }

/** `place`: among the recipients of the group. */
type Part = {
  readonly sender: string
  readonly forwardedBy: string | undefined
  readonly atSource: string | undefined
  readonly members: readonly Member[]
}

function putOff(
  { members }: Part,
  destination: Extract<DestinationReport, { readonly kind: 'unreachable' }>,
): RemoteAttempt {
  const result = { kind: 'deferred', status: '4.4.1', reply: destination.reply } as const
  return { results: members.map(() => result), destination }
}

/** It cannot be sent for a reason of ours, or must not: with whose sender it leaves cannot be found out. */
function notNow(those: readonly unknown[], reply: string): RemoteAttempt {
  const result = { kind: 'deferred', status: '4.3.0', reply } as const
  return { results: those.map(() => result), destination: { kind: 'untried' } }
}

/** As Postfix's local(8) does: above our Received field it tells us, should it come back, that it goes in circles. */
function withField(message: QueuedMessage, name: string, address: string): QueuedMessage {
  const field = Buffer.from(`${name}: ${address}\r\n`, 'utf8').toString('latin1')
  return { ...message, prepend: field + message.prepend }
}
