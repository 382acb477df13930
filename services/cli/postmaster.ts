// Every mail domain has a postmaster (RFC 5321 §4.5.1): said after a change that leaves one without.

import type { Core } from '#services/assembly/core.ts'
import type { Domain } from '#shared/mail/domain.ts'

export async function postmasterWarnings(
  domain: Domain,
  { directory }: Pick<Core, 'directory'>,
): Promise<string[]> {
  for await (const _ of directory.accounts.list()) {
    const { local, remote } = await directory.reach({ local: 'postmaster', domain })
    if (local + remote > 0) return []
    return [
      `mail to postmaster@${domain} is refused: set postmasterAddress, or give the account or alias postmaster`,
    ]
  }
  // The first account will be.
  return []
}
