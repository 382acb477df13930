// The first start without any configuration: a domain and two accounts to try the system with.

import { randomInt } from 'node:crypto'
import { assembleAdministration } from '#services/assembly/administration.ts'
import type { Backend } from '#services/assembly/backend.ts'

export const FIRST_DOMAIN = 'example.test'
const firstNames = ['alice', 'bob'] as const

export type FirstAccount = { readonly address: string; readonly password: string }

/** Makes domain and accounts in an empty directory; undefined when there is something in it already. */
export async function prepareFirstStart(
  backend: Backend,
): Promise<readonly FirstAccount[] | undefined> {
  // No administrator made these changes; the accounts are told where the system says that it runs.
  const { domains, accounts } = assembleAdministration(backend, () => {})
  const page = await domains.page({ limit: 1 })
  if (page.kind !== 'page' || page.items.length > 0) return undefined
  const domain = backend.settings.defaultDomain || FIRST_DOMAIN
  const added = await domains.add({ domain })
  if (added.kind === 'bad-value') throw new Error(`no first domain: ${domain}`)
  const made: FirstAccount[] = []
  for (const name of firstNames) {
    const address = `${name}@${domain}`
    const password = newPassword()
    const secret = async () => ({ kind: 'password', password: Buffer.from(password) }) as const
    const account = await accounts.add({ address, secret })
    if (account.kind === 'added') made.push({ address: account.address, password })
  }
  return made
}

/** With it whoever has it becomes the first owner, once. Undefined: there is one. */
export async function inviteFirstOwner(backend: Backend): Promise<string | undefined> {
  const { invitations } = assembleAdministration(backend, () => {})
  const made = await invitations.inviteFirstOwner('first start')
  return made.kind === 'invited' ? made.secret : undefined
}

// Without characters that look alike; 16 of 31 are 79 bits.
const passwordAlphabet = 'abcdefghjkmnpqrstuvwxyz23456789'
const passwordCharacters = 16

function newPassword(): string {
  return Array.from({ length: passwordCharacters }, () =>
    passwordAlphabet.charAt(randomInt(passwordAlphabet.length)),
  ).join('')
}
