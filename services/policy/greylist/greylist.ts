// Greylisting as postgrey does it: who is not known is asked to come again, which mail servers do and most of what sends spam does not.
// Within, as `check_policy_service postgrey`.
//
// Implementation notes: addresses and recipients are looked up in lists before names are, which cost a question to DNS; all of these let
// mail through, so the order cannot be seen. Whatever goes wrong with the table lets mail through too: greylisting delays, it is not what
// keeps mail out.

import type { EnhancedStatus, SmtpReply } from '#shared/contracts/policy.ts'
import { formatDate } from '#shared/mail/date.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { createClientList, createRecipientList } from '#shared/settings/greylist-entries.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Table } from '#shared/storage/ports.ts'
import type { Known } from '../known.ts'
import { replyFor, subjectOf } from '../reply-form.ts'
import { type Decision, defer, deferIfPermit } from '../restriction.ts'
import type { BuiltInService } from '../service.ts'
import { createGreylistRecords, type TripletState } from './records.ts'
import { shippedClients, shippedRecipients } from './shipped-lists.ts'
import { greylistClient, greylistNetwork, tripletKey } from './triplet.ts'

export type GreylistOptions = Pick<
  Settings,
  | 'hostname'
  | 'postgreyAction'
  | 'postgreyAutoWhitelistClients'
  | 'postgreyDelay'
  | 'postgreyHeader'
  | 'postgreyIpv4Cidr'
  | 'postgreyIpv6Cidr'
  | 'postgreyMaxAge'
  | 'postgreyPrivacy'
  | 'postgreyRecipients'
  | 'postgreyRetryWindow'
  | 'postgreyShippedLists'
  | 'postgreySpfDomains'
  | 'postgreySuspiciousScore'
  | 'postgreyText'
  | 'postgreyWhitelistClients'
  | 'postgreyWhitelistRecipients'
>

export type GreylistDeps = {
  /** The table `counters`. */
  readonly counters: Pick<Table, 'get' | 'write'>
  readonly clock: Clock
  readonly log: Log
  readonly options: GreylistOptions
}

const SECOND_MS = 1_000

/** Why mail was let through or was not, as the log says it. */
type Reason =
  | 'score'
  | 'recipient whitelist'
  | 'client whitelist'
  | 'client AWL'
  | 'triplet found'
  | 'new'
  | 'early-retry'

export function createGreylist(deps: GreylistDeps): BuiltInService {
  const { clock, log, options } = deps
  const records = createGreylistRecords(deps.counters, {
    delaySeconds: options.postgreyDelay / SECOND_MS,
    retryWindowSeconds: options.postgreyRetryWindow / SECOND_MS,
    maxAgeSeconds: options.postgreyMaxAge / SECOND_MS,
  })
  const { postgreyShippedLists: isShipped, postgreyAutoWhitelistClients: passesEnough } = options
  const clients = createClientList([
    ...(isShipped ? shippedClients : []),
    ...options.postgreyWhitelistClients,
  ])
  const isWhitelistedRecipient = createRecipientList([
    ...(isShipped ? shippedRecipients : []),
    ...options.postgreyWhitelistRecipients,
  ])
  const isGreylistedRecipient = createRecipientList(options.postgreyRecipients)
  const isOptIn = options.postgreyRecipients.length > 0

  async function decide(known: Known): Promise<readonly Decision[]> {
    const { sender, recipient } = known
    const address = known.client.address
    const network = greylistNetwork(address, options)
    const client = greylistClient(address, options)
    if (sender === undefined || recipient === undefined) return []
    if (network === undefined || client === undefined) return []
    const reason = await exempt(known, recipient.text)
    if (reason !== undefined) return pass(known, reason)
    const now = Math.floor(clock.now() / SECOND_MS)
    if (passesEnough > 0) {
      const { passes, isDue } = await records.client(client, now)
      if (passes >= passesEnough) {
        if (isDue) await records.refreshClient(client, now)
        return pass(known, 'client AWL')
      }
    }
    const place = (await spfDomain(known)) ?? network
    const key = tripletKey({ network: place, sender, recipient: recipient.text }, options)
    const state = await records.triplet(key, now)
    switch (state.kind) {
      case 'new':
      case 'early':
        return putOff(known, state, recipient.text)
      case 'passed':
        return passFirst(known, client, state.delayedSeconds, now)
      default:
        return pass(known, 'triplet found')
    }
  }

  async function exempt(known: Known, recipient: string): Promise<Reason | undefined> {
    const { postgreySuspiciousScore: least } = options
    if (least !== null && known.score < least) return 'score'
    if (isOptIn && !isGreylistedRecipient(recipient)) return 'recipient whitelist'
    if (isWhitelistedRecipient(recipient)) return 'recipient whitelist'
    if (clients.isListedAddress(known.client.address)) return 'client whitelist'
    if (!clients.asksName) return undefined
    // Whoever has an address can call it what he likes: only what the name's owner confirms counts.
    const name = await known.client.name()
    return name.kind === 'found' && clients.isListedName(name.name) ? 'client whitelist' : undefined
  }

  /** In place of a network, where a domain's owner says that the client sends for it (RFC 7208). No network is written so. */
  async function spfDomain({ sender, spf }: Known): Promise<string | undefined> {
    if (!options.postgreySpfDomains || !sender) return undefined
    const found = await spf()
    return found?.result === 'pass' ? `spf:${found.domain}` : undefined
  }

  async function passFirst(
    known: Known,
    client: string,
    delaySeconds: number,
    now: number,
  ): Promise<readonly Decision[]> {
    const { queueId } = known
    const [passes, isFirst] = await Promise.all([
      passesEnough > 0 ? records.countPass(client, now) : undefined,
      options.postgreyHeader !== '' && records.claimField(queueId, now),
    ])
    if (passes === passesEnough) {
      log.info({ queueId, remoteAddress: known.client.address }, 'client is greylisted no more')
    }
    tell(known, 'triplet found', { delaySeconds })
    return isFirst ? [{ kind: 'prepend', fields: headerField(delaySeconds) }] : []
  }

  function headerField(delaySeconds: number): string {
    const text = options.postgreyHeader
      .replaceAll('%t', String(delaySeconds))
      .replaceAll('%h', options.hostname)
      .replaceAll('%d', formatDate(clock.now()))
    return `${text}\r\n`
  }

  async function putOff(
    known: Known,
    { kind, waitSeconds }: Extract<TripletState, { readonly waitSeconds: number }>,
    recipient: string,
  ): Promise<readonly Decision[]> {
    tell(known, kind === 'new' ? 'new' : 'early-retry', { waitSeconds })
    const domain = recipient.slice(recipient.lastIndexOf('@') + 1)
    const said = options.postgreyText
      .replaceAll('%s', String(waitSeconds))
      // Not as a pattern: what the client wrote stands in it.
      .replaceAll('%r', () => domain)
    const reply = await replyFor(known, subjectOf(known), { code: 450, ...withStatus(said) })
    return [options.postgreyAction === 'DEFER' ? defer(reply) : deferIfPermit(reply)]
  }

  function pass(known: Known, reason: Reason): readonly Decision[] {
    log.debug({ queueId: known.queueId, reason }, 'not greylisted')
    return []
  }

  function tell(known: Known, reason: Reason, besides: { readonly [name: string]: number }): void {
    const { queueId, sender: from, recipient, client } = known
    const fields = { queueId, reason, from, to: recipient?.text, remoteAddress: client.address }
    log.info({ ...fields, ...besides }, 'waitSeconds' in besides ? 'greylisted' : 'came again')
  }

  return {
    async decide(known) {
      try {
        return await decide(known)
      } catch (error) {
        const { queueId } = known
        log.warn({ queueId, error }, 'greylisting does not work, mail is let through')
        return []
      }
    },
  }
}

/** RFC 3463 §3.3: X.2.0, of a mailbox; some servers take X.7.x, a matter of policy, for final. A text may begin with another. */
function withStatus(text: string): Pick<SmtpReply, 'status' | 'text'> {
  const found = /^[45]\.\d{1,3}\.\d{1,3} /.exec(text)?.[0]
  if (found === undefined) return { status: '4.2.0', text }
  return { status: found.trim() as EnhancedStatus, text: text.slice(found.length) }
}
