// Values as people write them, checked once: what an address, a domain, a quota or a queue id of ours may be. Every front end and
// every import has its texts parsed here.

import type { AliasName } from '#shared/directory/records.ts'
import {
  type Address,
  formatAddress,
  mayBeOwn,
  OWN_LOCAL_PART_BYTES_MAX,
  parseAddress,
} from '#shared/mail/address.ts'
import { type Domain, isOwnDomain, parseDomain } from '#shared/mail/domain.ts'
import { parseQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import { bytes } from '#shared/settings/kinds.ts'
import { badValue, type Field, ok, type Parsed } from './refusals.ts'

export type Fields = {
  address(text: string, field?: Field): Parsed<Address>
  /** As an account may have it. */
  ownAddress(text: string, field?: Field): Parsed<Address>
  /** `@example.net` names the catch-all of a domain. */
  aliasName(text: string): Parsed<AliasName>
  /** Of one alias: each text may be a list with commas. */
  targets(texts: readonly string[]): Parsed<readonly Address[]>
}

/** `defaultDomain`: of addresses without one. */
export function createFields(settings: { readonly defaultDomain: string }): Fields {
  const defaultDomain = parseDomain(settings.defaultDomain)

  function address(text: string, field: Field = 'address'): Parsed<Address> {
    const found = parseAddress(text, defaultDomain)
    if (found !== undefined) return ok(found)
    const lacksDomain = !text.includes('@') && settings.defaultDomain === ''
    return badValue(field, text, { name: 'mail-address', lacksDomain })
  }

  function ownAddress(text: string, field: Field = 'address'): Parsed<Address> {
    const found = address(text, field)
    if (found.kind !== 'ok' || mayBeOwn(found.value)) return found
    return badValue(field, text, {
      name: 'own-address',
      localPartBytesMax: OWN_LOCAL_PART_BYTES_MAX,
    })
  }

  return {
    address,
    ownAddress,

    aliasName(text) {
      if (!text.startsWith('@')) return ownAddress(text, 'alias')
      const domain = parseOwnDomain(text.slice(1))
      return domain.kind === 'ok' ? ok({ local: null, domain: domain.value }) : domain
    },

    targets(texts) {
      const targets: Address[] = []
      for (const text of texts.flatMap(splitList)) {
        if (isProgram(text)) return badValue('targets', text, { name: 'no-program' })
        const found = address(text, 'targets')
        if (found.kind !== 'ok') return found
        targets.push(found.value)
      }
      return ok(targets)
    },
  }
}

const isProgram = (text: string) => /^"?(\||:include:)|^\//i.test(text)

/** A domain as one of ours may be. */
export function parseOwnDomain(text: string): Parsed<Domain> {
  const domain = parseDomain(text)
  return domain !== undefined && isOwnDomain(domain)
    ? ok(domain)
    : badValue('domain', text, { name: 'domain-name' })
}

/** Undefined for a catch-all, which is no address. */
export const addressOfAlias = ({ local, domain }: AliasName): Address | undefined =>
  local === null ? undefined : { local, domain }

export function formatAliasName(name: AliasName): string {
  const address = addressOfAlias(name)
  return address === undefined ? `@${name.domain}` : formatAddress(address)
}

/** At commas and blanks, as far as they are not in quotes. */
export function splitList(text: string): readonly string[] {
  const entries: string[] = []
  let entry = ''
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '"') isQuoted = !isQuoted
    if (!isQuoted && /[\s,]/.test(character)) {
      if (entry !== '') entries.push(entry)
      entry = ''
      continue
    }
    entry += character
    if (isQuoted && character === '\\') entry += text.charAt(++at)
  }
  if (entry !== '') entries.push(entry)
  return entries
}

export function parseQueueIdField(text: string): Parsed<QueueId> {
  const queueId = parseQueueId(text.toUpperCase())
  return queueId === undefined ? badValue('queueId', text, { name: 'queue-id' }) : ok(queueId)
}

const quotaKind = bytes({ min: 0, max: 2 ** 50 })

/** In bytes, that a number without a unit can be meant as: 200 is megabytes in somebody's mind. */
const PLAIN_QUOTA_MIN = 1024 ** 2

/** Bytes. `default` follows the setting mailboxSizeLimit (null), `0` or `unlimited` is no limit (0). */
export function parseQuota(text: string): Parsed<number | null> {
  if (text === 'default') return ok(null)
  const quota = text === 'unlimited' ? 0 : quotaKind.parse(text)
  if (quota === undefined) {
    return badValue('quota', text, { name: 'quota', allowed: quotaKind.allowed })
  }
  if (quota > 0 && quota < PLAIN_QUOTA_MIN && /^\d+$/.test(text)) {
    return badValue('quota', text, { name: 'quota-unit' })
  }
  return ok(quota)
}
