// What scripts in mailboxes have sent, taken as a submission of the mailbox's owner: held to what he may send in a day, and to whether he may
// send at all.
//
// Implementation note: a message that goes on has an author who may be anybody, so it comes in as what other software hands us (LMTP): we
// put no signature of ours to it, as we do to what somebody submits under an address of his own.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Outbox, OutgoingMail, Posted } from '#shared/contracts/outbox.ts'
import { ownOrigin } from '#shared/contracts/own-origin.ts'
import type { Origin, Spool, Spooled } from '#shared/contracts/spool.ts'
import type { MessageIndex } from '#shared/mail/message-index.ts'
import type { SentByDay } from '#shared/rates/sent-by-day.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'

export function createOutbox(deps: {
  readonly spool: Pick<Spool, 'newQueueId' | 'hasRoom' | 'receive' | 'accept' | 'discard'>
  /** Undefined where it is gone. */
  readonly account: (id: AccountId) => Promise<{ readonly maySend: boolean } | undefined>
  readonly sent: Pick<SentByDay, 'count'>
  /** Notes whom it writes to; true where it is frozen because of that. */
  readonly noteRecipients: (
    account: { readonly id: string; readonly login: string },
    addresses: readonly string[],
  ) => Promise<boolean>
  readonly options: { readonly hostname: string; readonly messageSizeLimit: number }
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}): Outbox {
  const { spool, options, clock } = deps

  async function send(mail: OutgoingMail): Promise<Posted> {
    const found = await deps.account(mail.account.id)
    if (found === undefined) return refused('the account is gone')
    if (!found.maySend) return refused('the account may not send')
    if (!(await spool.hasRoom())) return refused('there is no room for it now')
    const queueId = spool.newQueueId()
    const isMade = mail.kind === 'made'
    // Of others it is not known who wrote what stands in it.
    const spooled = await spool.receive(queueId, mail.content, [], isMade ? undefined : anybody)
    const because = await refusalOf(mail, spooled)
    if (because !== undefined) {
      await spool.discard(spooled)
      return refused(because)
    }
    const arrivedMs = clock.now()
    const { envelope } = mail
    await spool.accept({
      spooled,
      envelope: { ...envelope, body: bodyOf(spooled.index) },
      origin: isMade ? ownOrigin(options.hostname) : handedOn,
      prepend: mail.prepend,
      arrivedMs,
    })
    const to = envelope.recipients.map(({ address }) => address)
    deps.log.info({ queueId, account: mail.account.address, to, kind: mail.kind }, 'script sends')
    return { kind: 'queued' }
  }

  async function refusalOf(
    { account, envelope }: OutgoingMail,
    { index, isDisallowed }: Spooled,
  ): Promise<string | undefined> {
    if (isDisallowed) return 'it has characters that are not sent'
    // A host that takes no such message would have it returned.
    if (index.containsNul) return 'it has NUL in it'
    if (index.bytes > options.messageSizeLimit) return 'it is too large'
    const addresses = envelope.recipients.map(({ address }) => address)
    const more = { messages: 1, recipients: addresses.length, bytes: index.bytes }
    const counted = await deps.sent.count(account.id, more)
    if (counted.kind === 'over') return `more than ${counted.max} ${counted.name} in a day`
    if (counted.kind === 'contended') return 'too much is sent at once'
    const who = { id: account.id, login: account.address }
    return (await deps.noteRecipients(who, addresses)) ? 'the account may not send' : undefined
  }

  return { send }
}

const refused = (because: string): Posted => ({ kind: 'refused', because })

const bodyOf = ({ eightBit }: Pick<MessageIndex, 'eightBit'>) => (eightBit ? '8BITMIME' : '7BIT')

/** From this host, whose clients' messages are completed with what they lack (RFC 6409 §8). */
const handedOn: Origin = { ...ownOrigin(''), listener: 'lmtp' }
/** Whose claims to be ours are taken out; the address is nobody's (RFC 5737). */
const anybody: Origin = { ...ownOrigin(''), listener: 'smtp', remoteAddress: '192.0.2.1' }
