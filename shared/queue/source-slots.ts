// Where mail goes of accounts that are, or were a moment ago, on an old server: there, nowhere for now, or here. Asked when mail goes, as
// every route is, so that what waits follows the account when it moves.

import type { Accounts } from '#shared/directory/accounts.ts'
import type { Sources } from '#shared/directory/sources.ts'
import { formatRoute, parseRoute } from '#shared/mail/route.ts'
import { HERE, type SlotOf } from './new-groups.ts'

export function withSources(
  slotOf: SlotOf,
  deps: {
    readonly accounts: Pick<Accounts, 'byId'>
    readonly sources: Pick<Sources, 'get'>
  },
): SlotOf {
  return async (to) => {
    const { accountId } = to
    if (accountId == null) return slotOf(to)
    const account = await deps.accounts.byId(accountId)
    // Who is gone is nobody here either: delivery says so.
    if (account?.source === undefined) return HERE
    const { name, state } = account.source
    if (state === 'moving') return waiting('the account is moving')
    const smtp = (await deps.sources.get(name))?.smtp ?? null
    const route = smtp === null ? undefined : parseRoute(smtp)
    return typeof route === 'object' ? formatRoute(route) : waiting(`${name} has no mail host`)
  }
}

const waiting = (why: string) => formatRoute({ kind: 'retry', status: '4.3.2', why })
