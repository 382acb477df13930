// Every mail domain has a postmaster (RFC 5321 §4.5.1): said after a change that leaves one without.

import type { Core } from '#services/assembly/core.ts'
import type { Domain } from '#shared/mail/domain.ts'

/** What becomes of mail to nobody, and what to do. */
export const noPostmaster =
  'is refused: set postmasterAddress, or give the account or alias postmaster'

export async function postmasterWarnings(domain: Domain, core: Core): Promise<string[]> {
  // The first account will be.
  if (!(await hasAccounts(core))) return []
  const { local, remote } = await core.directory.reach({ local: 'postmaster', domain })
  return local + remote > 0 ? [] : [`mail to postmaster@${domain} ${noPostmaster}`]
}

export async function hasAccounts({ directory }: Core): Promise<boolean> {
  for await (const _ of directory.accounts.list()) return true
  return false
}
