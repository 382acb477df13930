// Addresses that become others, by Postfix's rules: canonical(5) and masquerading as mail comes in, generic(5) as it leaves. What asks:
// the spool for the envelope (shared/queue/clean-envelope.ts), expansion for recipients, the content stage for header fields, remote
// delivery for what leaves.

import {
  type Address,
  formatAddress,
  lookupKey,
  parseAddress,
  splitExtension,
} from '#shared/mail/address.ts'
import type { AddressRole } from '#shared/mail/address-field.ts'
import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import { homeDomain, originDomain } from '#shared/settings/own-domains.ts'
import type { TableRef } from '#shared/settings/restrictions/table-ref.ts'
import { addressMapKeys, lookUpMaps, type Maps } from './maps.ts'
import { type OwnNameSettings, ownNames } from './own-names.ts'

/** Times that a canonical map is asked about what it has answered, as Postfix does, unless that is the same address. */
export const CANONICAL_ROUNDS_MAX = 10

type AddressClass = 'envelope_sender' | 'envelope_recipient' | 'header_sender' | 'header_recipient'

export type RewritingSettings = OwnNameSettings & {
  readonly myorigin: string
  readonly appendDotMydomain: boolean
  readonly recipientDelimiter: string
  readonly canonicalMaps: readonly TableRef[]
  readonly senderCanonicalMaps: readonly TableRef[]
  readonly recipientCanonicalMaps: readonly TableRef[]
  readonly canonicalClasses: readonly AddressClass[]
  readonly senderCanonicalClasses: readonly AddressClass[]
  readonly recipientCanonicalClasses: readonly AddressClass[]
  readonly masqueradeDomains: readonly string[]
  readonly masqueradeExceptions: readonly string[]
  readonly masqueradeClasses: readonly AddressClass[]
  readonly smtpGenericMaps: readonly TableRef[]
  readonly senderBccMaps: readonly TableRef[]
  readonly recipientBccMaps: readonly TableRef[]
  readonly alwaysBcc: string
  readonly propagateUnmatchedExtensions: readonly ('canonical' | 'generic')[]
}

/** All of them take an address as SMTP writes it, or the null sender, which stays, and what is no address, which does too. */
export interface AddressRewriting {
  /** Of the envelope of mail that comes in. */
  envelope(role: AddressRole, address: string): Promise<string>
  /** Of header fields of mail of our own clients; completed first. */
  header(role: AddressRole, address: Address): Promise<Address>
  /** The domain of what has none. */
  readonly origin: Domain | undefined
  /** Of envelope and header of mail that leaves. */
  generic(address: string): Promise<string>
  /** Whether that may change anything. */
  readonly hasGeneric: boolean
  /** Who else gets a message: each once, in no order. */
  copiesOf(sender: string, recipients: readonly string[]): Promise<readonly string[]>
}

/** Whether header fields of our own clients become others, besides being completed. */
export function rewritesHeaders(settings: HeaderSettings): boolean {
  const isHeader = (classes: readonly AddressClass[]) =>
    classes.includes('header_sender') || classes.includes('header_recipient')
  return (
    settings.localHeaderRewriteClients.length > 0 &&
    ((settings.canonicalMaps.length > 0 && isHeader(settings.canonicalClasses)) ||
      (settings.senderCanonicalMaps.length > 0 && isHeader(settings.senderCanonicalClasses)) ||
      (settings.recipientCanonicalMaps.length > 0 &&
        isHeader(settings.recipientCanonicalClasses)) ||
      (settings.masqueradeDomains.length > 0 && isHeader(settings.masqueradeClasses)))
  )
}

type HeaderSettings = Omit<RewritingSettings, keyof OwnNameSettings> & {
  readonly localHeaderRewriteClients: readonly string[]
}

export function createAddressRewriting(deps: {
  readonly maps: Maps
  readonly settings: RewritingSettings
}): AddressRewriting {
  const { maps, settings } = deps
  const { recipientDelimiter, masqueradeDomains, propagateUnmatchedExtensions } = settings
  const origin = parseDomain(originDomain(settings))
  const own = ownNames(settings).hosts
  const isOurs = (domain: string) => domain === origin || own.has(domain as Domain)
  const exceptions = new Set(settings.masqueradeExceptions)
  const options = { recipientDelimiter, isOurs }

  /** Undefined: the tables say nothing of it. */
  async function mapped(
    tables: readonly TableRef[],
    address: Address,
    propagates: boolean,
  ): Promise<Address | undefined> {
    const keys = addressMapKeys(formatAddress(address), options)
    const hit = await lookUpMaps(maps, tables, keys)
    if (hit === undefined) return undefined
    const whole = hit.result.trim()
    // More than one: the first, as with Postfix. A quoted name may have blanks.
    const first = whole.startsWith('"') ? whole : (whole.split(/[\s,]+/)[0] ?? '')
    const { base, extension } = splitExtension(address.local, recipientDelimiter)
    if (first.startsWith('@')) {
      const domain = parseDomain(first.slice(1))
      return domain && { local: address.local, domain }
    }
    const result = parseAddress(first, origin)
    const isBase = extension !== null && isKeyOf(hit.key, base)
    if (result === undefined || !isBase || !propagates) return result
    const delimiter = address.local.charAt(base.length)
    return { ...result, local: `${result.local}${delimiter}${extension}` }
  }

  async function canonical(tables: readonly TableRef[], address: Address): Promise<Address> {
    if (tables.length === 0) return address
    let now = address
    for (let round = 0; round < CANONICAL_ROUNDS_MAX; round++) {
      const next = await mapped(tables, now, propagateUnmatchedExtensions.includes('canonical'))
      if (next === undefined) return now
      const isSame = lookupKey(formatAddress(next)) === lookupKey(formatAddress(now))
      now = next
      if (isSame) return now
    }
    return now
  }

  function masqueraded(address: Address): Address {
    if (masqueradeDomains.length === 0 || exceptions.has(lookupKey(address.local))) return address
    for (const entry of masqueradeDomains) {
      const name = entry.replace(/^!/, '')
      if (address.domain === name) return address
      if (!address.domain.endsWith(`.${name}`)) continue
      const domain = entry.startsWith('!') ? undefined : parseDomain(name)
      return domain === undefined ? address : { ...address, domain }
    }
    return address
  }

  async function cleaned(of: AddressClass, role: AddressRole, address: Address): Promise<Address> {
    const isSender = role === 'sender'
    const ownMaps = isSender ? settings.senderCanonicalMaps : settings.recipientCanonicalMaps
    const ownClasses = isSender
      ? settings.senderCanonicalClasses
      : settings.recipientCanonicalClasses
    let now = address
    if (ownClasses.includes(of)) now = await canonical(ownMaps, now)
    if (settings.canonicalClasses.includes(of)) now = await canonical(settings.canonicalMaps, now)
    return settings.masqueradeClasses.includes(of) ? masqueraded(now) : now
  }

  /** `bob@host` of our own clients. */
  function completed(address: Address): Address {
    const { domain } = address
    const isWhole = domain.includes('.') || domain.startsWith('[') || domain === 'localhost'
    if (isWhole || !settings.appendDotMydomain) return address
    const whole = parseDomain(`${domain}.${homeDomain(settings)}`)
    return whole === undefined ? address : { ...address, domain: whole }
  }

  async function envelope(role: AddressRole, text: string): Promise<string> {
    const address = parseAddress(text)
    if (address === undefined) return text
    const now = await cleaned(`envelope_${role}`, role, address)
    return now === address ? text : formatAddress(now)
  }

  return {
    origin,
    envelope,
    header: (role, address) => cleaned(`header_${role}`, role, completed(address)),
    hasGeneric: settings.smtpGenericMaps.length > 0,

    async generic(text) {
      const address = parseAddress(text)
      if (address === undefined || settings.smtpGenericMaps.length === 0) return text
      const propagates = propagateUnmatchedExtensions.includes('generic')
      const now = await mapped(settings.smtpGenericMaps, address, propagates)
      return now === undefined ? text : formatAddress(now)
    },

    async copiesOf(sender, recipients) {
      const { senderBccMaps, recipientBccMaps, alwaysBcc } = settings
      const copies = new Set(alwaysBcc === '' ? [] : [alwaysBcc])
      const add = async (tables: readonly TableRef[], address: string) => {
        const hit = await lookUpMaps(maps, tables, addressMapKeys(address, options))
        const copy = hit && parseAddress(hit.result.trim(), origin)
        if (copy !== undefined) copies.add(formatAddress(copy))
      }
      if (senderBccMaps.length > 0) await add(senderBccMaps, sender)
      if (recipientBccMaps.length > 0) {
        for (const one of recipients) await add(recipientBccMaps, await envelope('recipient', one))
      }
      return [...copies]
    },
  }
}

/** Whether it was found by the address without its extension. */
function isKeyOf(key: string, base: string): boolean {
  const at = key.lastIndexOf('@')
  const local = at < 0 ? key : key.slice(0, at)
  return lookupKey(local) === lookupKey(base)
}
