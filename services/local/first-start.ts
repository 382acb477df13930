// The first start without any configuration: a domain and two accounts to try the system with.

import { randomInt } from 'node:crypto'
import type { Core } from '#services/assembly/core.ts'
import { storedPassword } from '#shared/auth/passwords.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'

export const FIRST_DOMAIN = 'example.test'
const firstNames = ['alice', 'bob'] as const

export type FirstAccount = { readonly address: string; readonly password: string }

/** Makes domain and accounts in an empty directory; undefined when there is something in it already. */
export async function prepareFirstStart(core: Core): Promise<readonly FirstAccount[] | undefined> {
  const { domains, accounts } = core.directory
  for await (const _ of domains.list()) return undefined
  const domain = parseDomain(core.settings.defaultDomain) ?? parseDomain(FIRST_DOMAIN)
  if (domain === undefined) throw new Error('no first domain')
  const accountsToMake = await Promise.all(
    firstNames.map(async (name) => {
      const address = parseAddress(`${name}@${domain}`)
      if (address === undefined) throw new Error(`${name}@${domain}`)
      const password = newPassword()
      return { address, password, stored: await storedPassword(Buffer.from(password)) }
    }),
  )
  const made: FirstAccount[] = []
  await domains.add(domain)
  for (const { address, password, stored } of accountsToMake) {
    const added = await accounts.add({ address, ...stored })
    if (added.kind !== 'ok') continue
    await core.mailbox.folders.list(added.account.id)
    made.push({ address: formatAddress(address), password })
  }
  return made
}

// Without characters that look alike; 16 of 31 are 79 bits.
const passwordAlphabet = 'abcdefghjkmnpqrstuvwxyz23456789'
const passwordCharacters = 16

function newPassword(): string {
  return Array.from({ length: passwordCharacters }, () =>
    passwordAlphabet.charAt(randomInt(passwordAlphabet.length)),
  ).join('')
}
