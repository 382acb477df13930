// Which login may use which address as a sender: Postfix's smtpd_sender_login_maps, answered by the directory. An account may use its
// own address, extensions of it, and whatever alias leads to it; the setting `smtpdSenderLoginMaps` gives rights besides.

import type { Origin } from '#shared/contracts/spool.ts'
import type { Directory } from '#shared/directory/directory.ts'
import {
  type Address,
  formatAddress,
  lookupKey,
  parseAddress,
  splitExtension,
} from '#shared/mail/address.ts'
import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { SenderLogins } from '#shared/settings/address-kinds.ts'

type Account = NonNullable<Origin['account']>

export interface SenderRights {
  /** Whether the login may send as this address; nobody may as what is no address. */
  mayUse(account: Account, sender: string): Promise<boolean>
}

export function createSenderRights(deps: {
  readonly directory: Pick<Directory, 'resolve' | 'expand'>
  readonly senderLogins: readonly SenderLogins[]
  readonly recipientDelimiter: string
  readonly defaultDomain: Domain | undefined
}): SenderRights {
  const { directory, recipientDelimiter, defaultDomain } = deps
  const granted = grants(deps.senderLogins, defaultDomain)

  function isGranted({ local, domain }: Address, login: string): boolean {
    const { base } = splitExtension(local, recipientDelimiter)
    const names = [
      spelling({ local, domain }),
      spelling({ local: base, domain }),
      `@${domain}`,
      '*',
    ]
    return names.some((name) => {
      const logins = granted.get(name)
      return logins?.has(login) || logins?.has('*')
    })
  }

  async function leadsTo(address: Address, { id, login }: Account): Promise<boolean> {
    const found = await directory.resolve(address)
    switch (found.kind) {
      case 'account':
      case 'disabled':
        return found.accountId === id
      case 'alias': {
        const { local, domain } = found.name
        // The address of the account itself, whose mail is sent on elsewhere.
        if (local !== null && spelling({ local, domain }) === login) return true
        // Whom an account sends its mail on to, gets no right by that, and the account loses none.
        const { local: ends } = await directory.expand([address], { followsForwards: false })
        return ends.some(({ accountId }) => accountId === id)
      }
      case 'guest':
      case 'unknown':
      case 'remote':
        return false
      default:
        return unreachable(found)
    }
  }

  return {
    async mayUse(account, sender) {
      const address = parseAddress(sender, defaultDomain)
      if (address === undefined) return false
      const { login } = account
      return spelling(address) === login || isGranted(address, login) || leadsTo(address, account)
    },
  }
}

/** By sender (an address, `@domain` or `*`), in the spelling of logins. */
function grants(
  entries: readonly SenderLogins[],
  defaultDomain: Domain | undefined,
): ReadonlyMap<string, ReadonlySet<string>> {
  const bySender = new Map<string, Set<string>>()
  const canonical = (text: string) => {
    // Everybody; with a domain behind it, it would be somebody.
    if (text === '*') return text
    const address = parseAddress(text, defaultDomain)
    return address ? spelling(address) : text
  }
  for (const { sender, logins } of entries) {
    const name = sender.startsWith('@') ? `@${parseDomain(sender.slice(1))}` : canonical(sender)
    const known = bySender.get(name) ?? new Set<string>()
    for (const login of logins) known.add(canonical(login))
    bySender.set(name, known)
  }
  return bySender
}

/** As the accounts' own addresses are written. */
function spelling({ local, domain }: Address): string {
  return formatAddress({ local: lookupKey(local), domain })
}
