// Logins that are held back because too many failed: whose, from where, until when; and how somebody is let try again before that.

import type { HeldLogin } from '#shared/auth/held-back.ts'
import { heldName, networkOf, placesNamed } from '#shared/auth/login-guard.ts'
import type { AdministrationDeps } from './deps.ts'
import type { Fields } from './fields.ts'
import type { Listed } from './listing.ts'
import { type BadValue, badValue, ok, type Parsed } from './refusals.ts'
import type { Extent } from './rights/actor.ts'

export interface HeldLoginAdministration {
  /** In no order; a page may hold none and still have a `next`. */
  list(request: HeldLoginRequest): Promise<HeldLoginPage | BadValue>
  /** Whoever is meant may try again at once; failures from now on count anew. */
  release(request: Pick<HeldLoginRequest, 'account' | 'client'>): Promise<HeldReleased | BadValue>
}

export type HeldLoginRequest = {
  /** An address, whether there is such an account or not: strangers guess at both. */
  readonly account?: string | undefined
  /** An IP address, or a network as a list has it. */
  readonly client?: string | undefined
  readonly after?: string | undefined
  /** A page holds what one part of the entries holds, whatever is asked for. */
  readonly limit?: number | undefined
  readonly within?: Extent | undefined
}

export type HeldLoginFacts = Omit<HeldLogin, 'name'>
export type HeldLoginPage = Listed<HeldLoginFacts>

export type HeldReleased = {
  readonly kind: 'released'
  readonly released: readonly HeldLoginFacts[]
}

/** Read for one release, of a client that many accounts were guessed at from. */
const RELEASE_PAGES_MAX = 200

type Wanted = { readonly account?: string; readonly networks?: readonly string[] }

export function createHeldLoginAdministration(
  deps: Pick<AdministrationDeps, 'heldBack' | 'directory' | 'record'>,
  fields: Fields,
): HeldLoginAdministration {
  const { heldBack, directory, record } = deps

  function wantedOf({ account, client }: HeldLoginRequest): Parsed<Wanted> {
    const address = account === undefined ? undefined : fields.address(account)
    if (address?.kind === 'bad-value') return address
    const places = client === undefined ? undefined : placesNamed(client)
    if (client !== undefined && (places === undefined || places.length === 0)) {
      return badValue('client', client, { name: 'ip-address' })
    }
    return ok({
      ...(address && { account: heldName(address.value) }),
      ...(places && { networks: places.map(networkOf) }),
    })
  }

  const fits = ({ network }: HeldLogin, { networks }: Wanted) =>
    networks === undefined || (network !== null && networks.includes(network))

  async function seenBy(within: Extent | undefined): Promise<(held: HeldLogin) => boolean> {
    if (within === undefined || within.kind === 'all') return () => true
    if (within.kind === 'domains') {
      const { domains } = within
      return ({ account }) => domains.some((domain) => account?.endsWith(`@${domain}`))
    }
    const own = await directory.accounts.byId(within.accountId)
    return ({ account }) => own !== undefined && account === heldName(own.address)
  }

  /** All of an account at once; else a part of all. */
  async function read({ account }: Wanted, after: string | undefined) {
    if (account === undefined) return await heldBack.page({ after })
    const items = await heldBack.ofAccount(account)
    return { items, looked: items.length, next: undefined }
  }

  return {
    async list(request) {
      const { after, within } = request
      const wanted = wantedOf(request)
      if (wanted.kind !== 'ok') return wanted
      const [page, isSeen] = await Promise.all([read(wanted.value, after), seenBy(within)])
      if (page === undefined) return badValue('after', after ?? '', { name: 'cursor' })
      const items = page.items.filter((one) => isSeen(one) && fits(one, wanted.value)).map(factsOf)
      const looked = { entries: page.looked, upTo: null }
      return { kind: 'page', items, next: page.next, looked }
    },

    async release(request) {
      const wanted = wantedOf(request)
      if (wanted.kind !== 'ok') return wanted
      const { account, networks } = wanted.value
      if (account === undefined && networks === undefined) {
        return badValue('client', '', { name: 'ip-address' })
      }
      const found: HeldLogin[] = []
      let after: string | undefined
      for (let pages = 0; pages < RELEASE_PAGES_MAX; pages++) {
        const page = await read(wanted.value, after)
        found.push(...(page?.items.filter((one) => fits(one, wanted.value)) ?? []))
        after = page?.next
        if (after === undefined) break
      }
      // Those, too, that nobody noted.
      const named =
        networks === undefined
          ? [{ name: `account#${account}`, account: account ?? null, network: null }]
          : account === undefined
            ? networks.map((network) => ({ name: `address#${network}`, account: null, network }))
            : []
      await heldBack.release([...found, ...named])
      const name = [account, ...(networks ?? [])].filter((one) => one !== undefined).join(' ')
      record({ what: 'login', name, before: { heldBack: found.length }, after: { heldBack: 0 } })
      return { kind: 'released', released: found.map(factsOf) }
    },
  }
}

const factsOf = ({ name: _, ...facts }: HeldLogin): HeldLoginFacts => facts
