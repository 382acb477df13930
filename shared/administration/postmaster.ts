// Who is postmaster of a domain. Every mail domain has one (RFC 5321 §4.5.1).

import type { Directory } from '#shared/directory/directory.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { findRoute } from './routes.ts'

export type Postmaster =
  | {
      readonly kind: 'found'
      readonly accounts: readonly string[]
      readonly elsewhere: readonly string[]
    }
  /** There is no account at all; the first will be. */
  | { readonly kind: 'first-account' }
  /** Mail to postmaster is refused. */
  | { readonly kind: 'nobody' }

export async function findPostmaster(
  directory: Pick<Directory, 'accounts' | 'expand'>,
  domain: Domain,
): Promise<Postmaster> {
  const { accounts, elsewhere } = await findRoute(directory, [{ local: 'postmaster', domain }])
  if (accounts.length + elsewhere.length > 0) return { kind: 'found', accounts, elsewhere }
  return { kind: (await hasAccounts(directory)) ? 'nobody' : 'first-account' }
}

async function hasAccounts({ accounts }: Pick<Directory, 'accounts'>): Promise<boolean> {
  for await (const _ of accounts.list()) return true
  return false
}
