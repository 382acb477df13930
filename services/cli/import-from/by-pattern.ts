// Mailboxes of all accounts, where a path with `%d`, `%n` or `%u` says where each is.

import { isAbsolute } from 'node:path'
import type { MailSource } from '#shared/moving/mailboxes/source.ts'
import type { Context } from '../context.ts'
import { CommandFailure } from '../failure.ts'
import { readAll } from '../listing.ts'
import { counted, warn } from '../output.ts'
import type { ToBring } from './mail-run.ts'
import { isPattern, placeOf } from './path-pattern.ts'

/** Of accounts without a mailbox: all are counted. */
const NAMED_MAX = 10

export async function byPattern(
  context: Context,
  {
    pattern,
    beside,
    domain,
  }: {
    readonly pattern: string
    /** Where an account may have mail that has none by the pattern. */
    readonly beside?: string | undefined
    readonly domain?: string | undefined
  },
  open: (path: string, beside: string | undefined) => Promise<MailSource>,
): Promise<readonly (ToBring & { readonly path: string })[]> {
  const isOne = (path: string) => isPattern(path) && isAbsolute(path)
  if (!isOne(pattern) || (beside !== undefined && !isOne(beside))) {
    throw new CommandFailure(
      'give --account, or an absolute path with %d and %n (or %u) for domain and name',
      'usage',
    )
  }
  const accounts = await readAll((after) =>
    context.administration.accounts.page({ domain, limit: undefined, after }),
  )
  const found: (ToBring & { readonly path: string })[] = []
  const without: string[] = []
  for (const { address } of accounts) {
    const main = await placeOf(pattern, address)
    const other = beside === undefined ? undefined : await placeOf(beside, address)
    const path = main.path
    if (!main.isThere && !other?.isThere) without.push(address)
    else {
      const inbox = other?.isThere ? other.path : undefined
      found.push({ account: address, path, open: () => open(path, inbox) })
    }
  }
  if (without.length > 0) {
    const some = without.slice(0, NAMED_MAX).join(', ')
    const more = without.length > NAMED_MAX ? ', …' : ''
    warn(
      context.process,
      `${counted(without.length, 'account has', 'accounts have')} no mailbox there: ${some}${more}`,
    )
  }
  return found
}
