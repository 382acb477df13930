// Weighs one message before its DATA: by DNS lists, and by whether client, HELO name and sender's domain belong together. Order, checks
// and numbers are policyd-weight's; each check adds or takes points, and some weigh more for a client that is in DNS lists.

import { isIPv4 } from 'node:net'
import type { Resolver } from '#shared/dns/resolver.ts'
import { withoutKeys } from '#shared/settings/restrictions/keyed-zones.ts'
import type { Scores, WeighedList } from '#shared/settings/restrictions/weights.ts'
import type { DnsLists } from '../dns-lists/dns-lists.ts'
import { Answers, canonicalAddress, ListsUnasked, TooManyFailures } from './answers.ts'
import { listsWith, weighLists } from './lists.ts'
import {
  hasAddress,
  lastLabel,
  looksLikeDialup,
  looksLikeMailServer,
  looksRandom,
  registeredLabel,
  shareLabel,
  withoutRegistry,
} from './names.ts'
import { Scorecard } from './scorecard.ts'
import { findServers, isNear, type Servers } from './servers.ts'

/** All in small letters. */
export type WeighedMail = {
  readonly clientAddress: string
  /** Forward-confirmed; '' for none. */
  readonly clientName: string
  readonly helo: string
  /** Without extension. */
  readonly sender: string
}

export type WeighOptions = {
  readonly dnsLists: readonly WeighedList[]
  readonly rhsLists: readonly WeighedList[]
  readonly scores: Scores
  /** Some checks are left out once there is so much. */
  readonly rejectLevel: number
  readonly listHitsMax: number
  readonly listPointsMax: number
  readonly failuresMax: number
  readonly listsOnly: boolean
  /** It was taken a short time ago: where no list has the client now, nothing else is asked. */
  readonly isRemembered: boolean
}

type Told = { readonly points: number; readonly hits: string; readonly listHits: number }

export type Weighed =
  | (Told & {
      readonly kind: 'weighed'
      /** What a client that is refused should know. */
      readonly advice: Advice
      /** HELO and the client's name have nothing to do with each other. */
      readonly isMismatch: boolean
      readonly isHeloFine: boolean
      readonly isDialup: boolean
      /** There is nothing in the DNS about client, HELO and sender. */
      readonly isUnknown: boolean
    })
  | (Told & { readonly kind: 'listed too often' })
  | (Told & { readonly kind: 'lists only' })
  | (Told & { readonly kind: 'remembered' })
  /** Nobody can judge it; `where` it failed last. */
  | (Told & { readonly kind: 'not judged'; readonly where: string })
  /** The client's names and domains took all the time that there was. */
  | (Told & { readonly kind: 'lists unasked'; readonly reason: string })

type Advice = {
  /** Zones of the lists that have the sender's domain, without keys. */
  readonly zones: readonly string[]
  readonly relayBy: string | undefined
  readonly useDynDns: boolean
}

export async function weigh(
  mail: WeighedMail,
  deps: { readonly dnsLists: DnsLists; readonly dns: Resolver; readonly options: WeighOptions },
): Promise<Weighed> {
  const card = new Scorecard()
  try {
    return await new Weighing(mail, deps, card).run()
  } catch (error) {
    if (error instanceof ListsUnasked) {
      return { kind: 'lists unasked', reason: error.message, ...tell(card) }
    }
    if (!(error instanceof TooManyFailures)) throw error
    return { kind: 'not judged', where: error.message, ...tell(card) }
  }
}

function tell({ points, hits, listHits }: Scorecard): Told {
  return { points, hits, listHits }
}

class Weighing {
  readonly #mail: WeighedMail
  readonly #domain: string
  readonly #isLiteral: boolean
  readonly #dnsLists: DnsLists
  readonly #options: WeighOptions
  readonly #scores: Scores
  readonly #card: Scorecard
  readonly #answers: Answers
  #names: Promise<readonly string[]> | undefined
  /** `unverified`: HELO may be true, and nothing proves it. */
  #helo: 'unknown' | 'fine' | 'failed' = 'unknown'
  #isUnverified = false
  #asksNames = false
  #isDialup = false
  #isStranger = false
  #numericPoints = 0
  #rhsPenalty = 0
  #relayBy: string | undefined

  constructor(
    mail: WeighedMail,
    deps: { readonly dnsLists: DnsLists; readonly dns: Resolver; readonly options: WeighOptions },
    card: Scorecard,
  ) {
    this.#mail = mail
    this.#domain = mail.sender.slice(mail.sender.lastIndexOf('@') + 1)
    this.#isLiteral = isLiteralOf(mail.helo, mail.clientAddress)
    this.#dnsLists = deps.dnsLists
    this.#options = deps.options
    this.#scores = deps.options.scores
    this.#card = card
    this.#answers = new Answers(deps.dns, deps.options.failuresMax)
  }

  async run(): Promise<Weighed> {
    const card = this.#card
    const { listHitsMax, listPointsMax, listsOnly, isRemembered, dnsLists } = this.#options
    const { isOverLimit, isDialup } = await weighLists(
      this.#mail.clientAddress,
      dnsLists,
      { hitsMax: listHitsMax, pointsMax: listPointsMax },
      { dnsLists: this.#dnsLists, answers: this.#answers, card },
    )
    this.#isDialup = isDialup
    if (isOverLimit) return { kind: 'listed too often', ...tell(card) }
    if (listsOnly) return { kind: 'lists only', ...tell(card) }
    if (isRemembered && card.listHits === 0) return { kind: 'remembered', ...tell(card) }

    const servers = await this.#weighServers()
    this.#weighNumericHelo()
    if (!servers.isSenderMx) this.#weighNames(servers)
    if (!servers.isMx) await this.#weighClientName()
    const isUnknown = await this.#weighReverseName(servers)
    const useDynDns = this.#weighDialupHelo(servers)
    this.#weighNobody()
    this.#weighStranger(servers)
    this.#weighManyParts(servers)
    this.#weighRandom()
    const zones = await this.#weighSenderLists(servers)
    return {
      kind: 'weighed',
      ...tell(card),
      advice: { zones, relayBy: this.#relayBy, useDynDns },
      isMismatch: this.#helo !== 'fine' && !this.#isUnverified,
      isHeloFine: this.#helo === 'fine',
      isDialup: this.#isDialup,
      isUnknown,
    }
  }

  async #weighServers(): Promise<Servers> {
    const { clientAddress, helo } = this.#mail
    const servers = await findServers(
      {
        clientAddress,
        helo,
        senderDomain: this.#domain,
      },
      { answers: this.#answers, card: this.#card, scores: this.#scores },
    )
    if (servers.isFound || this.#isLiteral) this.#helo = 'fine'
    if (servers.isFound) return servers
    const { listedPoints } = this.#card
    if (!servers.hasAnswers) {
      this.#card.add('NO_MX_A_RECS_FOUND', this.#scores.helo.hit - 0.1)
      this.#helo = 'failed'
    } else if (isNear(servers.addresses, clientAddress, 'near')) {
      this.#card.add('HELO_IP_IN_CL_SUBNET', this.#scores.helo_ip_in_client_subnet.miss)
      this.#helo = 'fine'
    } else if (isNear(servers.addresses, clientAddress, 'wide')) {
      this.#card.add('HELO_IP_IN_CL16_SUBNET', this.#scores.helo_ip_in_cl16_subnet.miss)
      this.#isUnverified = true
      this.#asksNames = true
    } else if (!this.#isLiteral) {
      this.#card.add('CL_IP_NE_HELO', this.#scores.helo.hit + listedPoints)
      this.#helo = 'failed'
    }
    return servers
  }

  /** `1.2.3.4` and `[1.2.3.4]`. */
  #weighNumericHelo(): void {
    if (!isNumeric(this.#mail.helo)) return
    const { hit } = this.#scores.helo_numeric
    this.#numericPoints = hit + hit * this.#card.listedPoints
    this.#card.add('HELO_NUMERIC', this.#numericPoints)
  }

  /** Whether HELO, or the client's name, and the sender's domain are of one owner. */
  #weighNames(servers: Servers): void {
    const { clientName, helo, clientAddress } = this.#mail
    const scores = this.#scores
    const card = this.#card
    const from = `.${registeredLabel(this.#domain)}.`
    const heloHost = withoutRegistry(helo)
    const host = `.${heloHost}.`
    const heloLabel = lastLabel(heloHost)
    card.note(`(check from: ${from} - helo: ${host} - helo-domain: .${heloLabel}.)`)
    const isSame = host.includes(from) || from.includes(host)
    const isMxName = servers.senderMxNames.some((name) =>
      name.toLowerCase().split('.').slice(0, -1).includes(heloLabel),
    )
    const isNamed = clientName.includes(from)
    const bogus = servers.bogusPoints ** 2
    if (this.#helo === 'fine') {
      if (isSame || isMxName || hasAddressOf(servers.senderAddresses, clientAddress)) {
        card.add('FROM/MX_MATCHES_HELO(DOMAIN)', scores.from_match_regex_verified_helo.miss)
        return
      }
      card.add(
        'FROM/MX_MATCHES_NOT_HELO(DOMAIN)',
        scores.from_match_regex_verified_helo.hit +
          card.listedPoints / 4 +
          bogus +
          this.#numericPoints,
      )
      this.#isStranger = true
    } else if (isNamed && !this.#isLiteral) {
      card.add('CL_HOSTNAME_MATCHES_FROM(DOMAIN)', scores.helo_ip_in_client_subnet.miss)
      this.#helo = 'fine'
      this.#asksNames = false
      this.#isUnverified = false
    } else if (this.#isUnverified && !this.#isLiteral) {
      this.#weighUnverified(isSame || isMxName, bogus)
    } else if (isSame) {
      card.add('MAIL_SEEMS_FORGED', scores.from_match_regex_failed_helo.hit)
    } else {
      const points = scores.from_match_regex_failed_helo.hit + 0.5 + card.listedPoints
      card.add('FROM_NOT_FAILED_HELO(DOMAIN)', points)
    }
  }

  #weighUnverified(isSame: boolean, bogus: number): void {
    const { hit, miss } = this.#scores.from_match_regex_unverified_helo
    if (isSame) {
      this.#card.add('FROM/MX_MATCHES_UNVR_HELO(DOMAIN)_OR_CL_NAME(DOMAIN)', miss)
      return
    }
    this.#card.add(
      'FROM/MX_MATCHES_NOT_UNVR_HELO(DOMAIN)_NOR_CL_NAME(DOMAIN)',
      hit + this.#card.listedPoints + bogus,
    )
    this.#isStranger = true
  }

  /** Names of the client that a provider gives to its dial-up customers. */
  async #weighClientName(): Promise<void> {
    if (this.#isDialup) return
    for (const name of await this.#reverseNames()) {
      if (looksLikeMailServer(name)) return
      if (!looksLikeDialup(name) && !hasAddress(this.#mail.helo)) continue
      const { hit } = this.#scores.client_seems_dialup
      this.#isDialup = true
      this.#card.listedPoints += hit
      this.#card.add('CL_SEEMS_DIALUP', hit)
      return
    }
  }

  /** Whether nothing is known of the client at all. */
  async #weighReverseName({ hasAnswers }: Servers): Promise<boolean> {
    if ((this.#helo === 'fine' || this.#isUnverified) && !this.#asksNames) return false
    const { helo, clientName } = this.#mail
    const { hit, miss } = this.#scores.client_ip_eq_helo
    const names = await this.#reverseNames()
    const same = names.find((name) => name === helo || shareLabel(helo, name))
    if (same !== undefined) {
      this.#card.add(same === helo ? 'REV_IP_EQ_HELO' : 'REV_IP_EQ_HELO_DOMAIN', miss)
    }
    const isUnknown = names.length === 0 && !hasAnswers
    if (isUnknown) this.#card.add('NO_DNS_RECORDS', 0.5)
    if (same === undefined && !this.#isLiteral) this.#card.add('RESOLVED_IP_IS_NOT_HELO', hit)
    else this.#isUnverified = clientName === ''
    return isUnknown
  }

  #weighDialupHelo({ isMx, isSenderAddress }: Servers): boolean {
    const { helo } = this.#mail
    const { helo_seems_dialup, failed_helo_seems_dialup, enforce_dyndns } = this.#scores
    const isCounted = enforce_dyndns.hit !== 0 || !this.#isDialup
    if (!isCounted || isMx || isSenderAddress || looksLikeMailServer(helo)) return false
    if (!looksLikeDialup(helo) && !hasAddress(helo)) return false
    const isFine = this.#helo === 'fine'
    const { hit } = isFine ? helo_seems_dialup : failed_helo_seems_dialup
    const name = isFine ? 'HELO_SEEMS_DIALUP' : 'NOK_HELO_SEEMS_DIALUP'
    this.#card.add(name, hit + enforce_dyndns.hit)
    return true
  }

  #weighNobody(): void {
    if (!/(?:nobody|anonymous)@/.test(this.#mail.sender)) return
    const { hit } = this.#scores.from_anon
    this.#card.add('FROM_NBDY_ANON', hit + this.#card.listedPoints + this.#numericPoints)
  }

  /** A client in a DNS list, with a name of its own, that the sender's domain does not know. */
  #weighStranger({ isMx, senderAddresses }: Servers): void {
    const { clientAddress } = this.#mail
    if (isMx || !this.#isStranger || this.#card.listHits === 0 || this.#isLiteral) return
    if (hasAddressOf(senderAddresses, clientAddress)) return
    const points = this.#scores.helo_from_mx_eq_ip.hit + this.#card.listedPoints
    this.#relayBy = this.#domain
    this.#card.add('CLIENT_NOT_MX/A_FROM_DOMAIN', points)
    if (isNear(senderAddresses, clientAddress, 'near')) return
    this.#card.add('CLIENT/24_NOT_MX/A_FROM_DOMAIN', points)
  }

  #weighManyParts({ isMx }: Servers): void {
    if (this.#helo !== 'unknown' || isMx || this.#isOver) return
    if (this.#domain.split('.').length < 3) return
    this.#card.add('FROM_MULTIPARTED', this.#scores.from_multiparted.hit + this.#card.listedPoints)
  }

  #weighRandom(): void {
    const { sender } = this.#mail
    if (this.#isOver || !looksRandom(sender.slice(0, sender.lastIndexOf('@')))) return
    const { listedPoints } = this.#card
    const { hit } = this.#scores.random_sender
    this.#card.add('RANDOM_SENDER', listedPoints + listedPoints * hit + hit)
    this.#rhsPenalty = this.#scores.rhsbl_penalty.hit * hit
  }

  async #weighSenderLists({ isBogus }: Servers): Promise<readonly string[]> {
    if (this.#isOver) return []
    const isDoubtful = this.#isStranger || this.#isUnverified || isBogus
    const penalty = this.#rhsPenalty + (isDoubtful ? this.#scores.rhsbl_penalty.hit : 0)
    const found = await listsWith({ kind: 'domain', text: this.#domain }, this.#options.rhsLists, {
      dnsLists: this.#dnsLists,
      answers: this.#answers,
    })
    for (const { name, hit } of found) {
      this.#card.add(`IN_${name}`, hit + penalty + this.#card.listedPoints / 2)
    }
    return found.map(({ list }) => withoutKeys(list.zone))
  }

  get #isOver(): boolean {
    return this.#card.points >= this.#options.rejectLevel
  }

  /** Looked up once; a failure is as none. */
  #reverseNames(): Promise<readonly string[]> {
    this.#names ??= this.#answers.dns
      .resolvePtr(this.#mail.clientAddress)
      .then((answer) => (answer.kind === 'found' ? answer.records.map((n) => n.toLowerCase()) : []))
    return this.#names
  }
}

/** `192.0.2.1`, `[192.0.2.1]`, and whatever else has nothing but digits and dots. */
function isNumeric(helo: string): boolean {
  return /^[0-9[][0-9.]+\]?$/.test(helo) && helo.length >= 3 && !helo.endsWith('.')
}

/** `[192.0.2.1]`, `[IPv6:2001:db8::1]` of a client with this address. */
function isLiteralOf(text: string, address: string): boolean {
  if (!text.startsWith('[') || !text.endsWith(']')) return false
  const inner = text.slice(1, -1).replace(/^ipv6:/, '')
  const isFamily = isIPv4(inner) || text.startsWith('[ipv6:')
  return isFamily && canonicalAddress(inner) === canonicalAddress(address)
}

function hasAddressOf(addresses: readonly string[], address: string): boolean {
  const wanted = canonicalAddress(address)
  return addresses.some((one) => canonicalAddress(one) === wanted)
}
