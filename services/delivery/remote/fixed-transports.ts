// Ways that lead to nobody, as Postfix's discard(8), error(8) and retry.

import type { Route } from '#shared/mail/route.ts'
import { defer, fail } from './outcome.ts'
import type { Transport } from './transport.ts'

type FixedRoute = Extract<Route, { readonly kind: 'discard' | 'error' | 'retry' }>

export function createFixedTransport(route: FixedRoute): Transport {
  const result = resultOf(route)
  return {
    async deliver({ recipients }) {
      return { results: recipients.map(() => result), destination: { kind: 'untried' } }
    },
  }
}

function resultOf(route: FixedRoute) {
  const { kind, why } = route
  switch (kind) {
    case 'discard':
      return { kind: 'delivered', reply: why || 'discarded' } as const
    case 'error':
      return fail(route.status, why || 'mail for this address is not taken')
    case 'retry':
      return defer(route.status, why || 'mail for this address waits')
  }
}
