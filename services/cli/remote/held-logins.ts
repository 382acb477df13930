// Logins that are held back, over the API.

import type { HeldLoginAdministration, HeldLoginFacts } from '#shared/administration/held-logins.ts'
import { type ApiClient, msOf, type Page } from './client.ts'

type HeldBody = Omit<HeldLoginFacts, 'untilMs'> & { readonly until: string }

const heldOf = ({ until, ...facts }: HeldBody): HeldLoginFacts => ({
  ...facts,
  untilMs: msOf(until),
})

export function remoteHeldLogins(client: ApiClient): HeldLoginAdministration {
  return {
    async list({ account, client: network, after }) {
      const query = { account, client: network, cursor: after }
      const page: Page<HeldBody> = await client.ask({ method: 'GET', path: '/held-logins', query })
      return { kind: 'page', items: page.data.map(heldOf), next: page.next ?? undefined }
    },
    async release(body) {
      const { released } = await client.ask<{ readonly released: readonly HeldBody[] }>({
        method: 'POST',
        path: '/held-logins:release',
        body,
      })
      return { kind: 'released', released: released.map(heldOf) }
    },
  }
}
