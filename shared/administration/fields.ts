// Arguments as people type them, checked once; what is wrong is said with the argument itself.

import type { Context } from '#services/cli/context.ts'
import { CommandFailure } from '#services/cli/failure.ts'
import type { AliasName } from '#shared/directory/records.ts'
import {
  type Address,
  mayBeOwn,
  OWN_LOCAL_PART_BYTES_MAX,
  parseAddress,
} from '#shared/mail/address.ts'
import { type Domain, isOwnDomain, parseDomain } from '#shared/mail/domain.ts'
import { parseQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import { bytes } from '#shared/runtime/settings/kinds.ts'

/** A domain as one of ours may be. */
export function domainArgument(text: string): Domain {
  const domain = parseDomain(text)
  if (domain === undefined || !isOwnDomain(domain))
    throw new CommandFailure(`'${text}' is not a domain name`)
  return domain
}

/** A domain that is in the directory. */
export async function ownDomain(text: string, { core }: Context): Promise<Domain> {
  const domain = domainArgument(text)
  if ((await core.directory.domains.get(domain)) !== undefined) return domain
  throw new CommandFailure(`no domain ${text}`)
}

export function addressArgument(text: string, { core }: Context): Address {
  const address = parseAddress(text, parseDomain(core.settings.defaultDomain))
  if (address !== undefined) return address
  const isLocal = !text.includes('@') && core.settings.defaultDomain === ''
  const hint = isLocal ? '; defaultDomain names the domain of those without one' : ''
  throw new CommandFailure(`'${text}' is not a mail address${hint}`)
}

/** An address as an account or alias here may have it; others may have any. */
export function ownAddressArgument(text: string, context: Context): Address {
  const address = addressArgument(text, context)
  if (mayBeOwn(address)) return address
  const reason = `the part before the @ has from 1 to ${OWN_LOCAL_PART_BYTES_MAX} bytes, the domain no underscore`
  throw new CommandFailure(`'${text}' cannot be an address here: ${reason}`)
}

/** `@example.net` names the catch-all of a domain. */
export function aliasArgument(text: string, context: Context): AliasName {
  if (text.startsWith('@')) return { local: null, domain: domainArgument(text.slice(1)) }
  return ownAddressArgument(text, context)
}

/** Of one alias: each argument may be a list with commas. */
export function targetArguments(texts: readonly string[], context: Context): readonly Address[] {
  return texts.flatMap(splitList).map((text) => targetArgument(text, context))
}

export function targetArgument(text: string, context: Context): Address {
  // aliases(5) would run a program, append to a file or read a list.
  if (/^"?(\||:include:)|^\//i.test(text)) {
    throw new CommandFailure(
      `'${text}' is not a mail address: an alias here leads to addresses, not to programs, files or included lists`,
    )
  }
  return addressArgument(text, context)
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

export function queueIdArgument(text: string): QueueId {
  const queueId = parseQueueId(text.toUpperCase())
  if (queueId === undefined) {
    throw new CommandFailure(`'${text}' is not a queue id; 'postwolke queue list' shows them`)
  }
  return queueId
}

export const queueIdArguments = (texts: readonly string[]): readonly QueueId[] =>
  texts.flatMap(splitList).map(queueIdArgument)

const quotaKind = bytes({ min: 0, max: 2 ** 50 })

/** In bytes, that a number without a unit can be meant as: 200 is megabytes in somebody's mind. */
const PLAIN_QUOTA_MIN = 1024 ** 2

/** `default` follows the setting mailboxSizeLimit, `0` or `unlimited` is no limit. */
export function quotaArgument(text: string, name = '--quota'): number | null {
  if (text === 'default') return null
  const quota = text === 'unlimited' ? 0 : quotaKind.parse(text)
  if (quota === undefined) {
    throw new CommandFailure(
      `${name} cannot be '${text}'; allowed: default, unlimited, ${quotaKind.allowed}`,
    )
  }
  if (quota > 0 && quota < PLAIN_QUOTA_MIN && /^\d+$/.test(text)) {
    throw new CommandFailure(
      `${name} ${text} is ${text} bytes; write ${text}MB, or ${text}B if that is meant`,
    )
  }
  return quota
}
