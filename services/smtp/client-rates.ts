// What Postfix's anvil counts: how often clients connect, log in, send and err, each over all their sessions and over all processes
// (shared/rates). A client is an IPv4 address or an IPv6 /64; the network around it, a /24 or a /48, may do
// `smtpdNetworkRateFactor` times as much. Who logged in is counted as an account besides.

import { clientNeighbourhood, clientNetwork } from '#shared/net/client-network.ts'
import { accountRate } from '#shared/rates/account-rates.ts'
import type { Rate } from '#shared/rates/rate.ts'
import type { Rates } from '#shared/rates/rates.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import type { SmtpOptions } from './config.ts'

export type RateOptions = Pick<
  SmtpOptions,
  | 'anvilRateTimeUnitMs'
  | 'smtpdClientConnectionRateLimit'
  | 'smtpdClientMessageRateLimit'
  | 'smtpdClientRecipientRateLimit'
  | 'smtpdClientNewTlsSessionRateLimit'
  | 'smtpdClientAuthRateLimit'
  | 'smtpdClientByteRateLimit'
  | 'smtpdClientErrorRateLimit'
  | 'smtpdNetworkRateFactor'
  | 'smtpdAccountMessageRateLimit'
  | 'smtpdAccountRecipientRateLimit'
  | 'smtpdSenderDomainMessageRateLimit'
  | 'smtpdRecipientMessageRateLimit'
  | 'smtpdClientEventLimitExceptions'
  | 'mynetworks'
>

export type Event =
  | 'connections'
  | 'messages'
  | 'recipients'
  | 'tls-sessions'
  | 'logins'
  | 'kilobytes'
  | 'errors'

type Client = {
  readonly remoteAddress: string
  readonly account: { readonly login: string } | null
}

type Places = { readonly network: string; readonly neighbourhood: string }
const exempt: Places = { network: '', neighbourhood: '' }

/** `restriction`: the setting it comes from, for the log. */
type Limit = {
  readonly restriction: string
  readonly rate: Rate
  /** Undefined: not counted. */
  readonly keyOf: (client: Client) => string | undefined
}

export class ClientRates {
  readonly #rates: Rates
  readonly #limits: { readonly [event in Event]: readonly Limit[] }
  readonly #places = new WeakMap<Client, Places>()
  readonly #senderDomain: Rate
  readonly #recipient: Rate
  /** No rate holds for who connects from there. */
  readonly isExempt: (address: string) => boolean

  constructor(options: RateOptions, rates: Rates) {
    this.#rates = rates
    this.isExempt = createNetworkMatcher([
      ...options.smtpdClientEventLimitExceptions,
      ...options.mynetworks,
    ])
    const { anvilRateTimeUnitMs: perMs, smtpdNetworkRateFactor: factor } = options
    const rate = (name: string, capacity: number): Rate => ({ name, capacity, perMs })
    const ofClient = (event: Event, restriction: string, capacity: number): Limit[] => [
      {
        restriction,
        rate: rate(`client-${event}`, capacity),
        keyOf: (client) => this.#placesOf(client)?.network,
      },
      {
        restriction: 'smtpdNetworkRateFactor',
        rate: rate(`network-${event}`, factor * capacity),
        keyOf: (client) => this.#placesOf(client)?.neighbourhood,
      },
    ]
    const ofAccount = (event: Event, restriction: string, capacity: number): Limit => ({
      restriction,
      rate: accountRate(event, capacity, perMs),
      keyOf: ({ account }) => account?.login,
    })
    this.#limits = {
      connections: ofClient(
        'connections',
        'smtpdClientConnectionRateLimit',
        options.smtpdClientConnectionRateLimit,
      ),
      messages: [
        ...ofClient('messages', 'smtpdClientMessageRateLimit', options.smtpdClientMessageRateLimit),
        ofAccount('messages', 'smtpdAccountMessageRateLimit', options.smtpdAccountMessageRateLimit),
      ],
      recipients: [
        ...ofClient(
          'recipients',
          'smtpdClientRecipientRateLimit',
          options.smtpdClientRecipientRateLimit,
        ),
        ofAccount(
          'recipients',
          'smtpdAccountRecipientRateLimit',
          options.smtpdAccountRecipientRateLimit,
        ),
      ],
      'tls-sessions': ofClient(
        'tls-sessions',
        'smtpdClientNewTlsSessionRateLimit',
        options.smtpdClientNewTlsSessionRateLimit,
      ),
      logins: ofClient('logins', 'smtpdClientAuthRateLimit', options.smtpdClientAuthRateLimit),
      kilobytes: ofClient(
        'kilobytes',
        'smtpdClientByteRateLimit',
        Math.ceil(options.smtpdClientByteRateLimit / 1_024),
      ),
      errors: ofClient('errors', 'smtpdClientErrorRateLimit', options.smtpdClientErrorRateLimit),
    }
    this.#senderDomain = rate('sender-domain-messages', options.smtpdSenderDomainMessageRateLimit)
    this.#recipient = rate('recipient-messages', options.smtpdRecipientMessageRateLimit)
  }

  /** Found out once for each session; undefined for who is exempt. */
  #placesOf(client: Client): Places | undefined {
    const known = this.#places.get(client)
    if (known !== undefined) return known === exempt ? undefined : known
    const { remoteAddress: address } = client
    const places = this.isExempt(address)
      ? exempt
      : { network: clientNetwork(address), neighbourhood: clientNeighbourhood(address) }
    this.#places.set(client, places)
    return places === exempt ? undefined : places
  }

  /** One more of these, where there is room for it; else the setting that says no. */
  take(event: Event, client: Client): string | undefined {
    const over = this.over(event, client)
    if (over === undefined) this.note(event, client)
    return over
  }

  /** The setting that would say no to one more. */
  over(event: Event, client: Client): string | undefined {
    return this.#limits[event].find(({ rate, keyOf }) => {
      const key = keyOf(client)
      return key !== undefined && this.#rates.isOver(rate, key)
    })?.restriction
  }

  /** So many more, whatever the limit. */
  note(event: Event, client: Client, amount = 1): void {
    for (const { rate, keyOf } of this.#limits[event]) {
      const key = keyOf(client)
      if (key !== undefined) this.#rates.note(rate, key, amount)
    }
  }

  /** Mail of this domain, whoever brings it. The null sender has none. */
  isSenderDomainOver(sender: string): boolean {
    const domain = domainOf(sender)
    return domain !== undefined && this.#rates.isOver(this.#senderDomain, domain)
  }

  isRecipientOver(recipient: string): boolean {
    return this.#rates.isOver(this.#recipient, recipient.toLowerCase())
  }

  /** Counted when it is taken: who is only named, by whomever, is not kept from his mail. */
  noteMessage(sender: string, recipients: readonly { readonly address: string }[]): void {
    const domain = domainOf(sender)
    if (domain !== undefined) this.#rates.note(this.#senderDomain, domain)
    for (const { address } of recipients) {
      this.#rates.note(this.#recipient, address.toLowerCase())
    }
  }
}

function domainOf(sender: string): string | undefined {
  const at = sender.lastIndexOf('@')
  return at === -1 ? undefined : sender.slice(at + 1).toLowerCase()
}
