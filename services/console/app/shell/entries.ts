// The entries of the navigation that one may open, and their keys.

import { may } from '../api/session.ts'
import { type Entry, entries, type Route, routes } from '../routes.ts'

/** `g` and then this. */
export const letters = {
  overview: 'o',
  queue: 'q',
  trace: 't',
  quarantine: 'u',
  accounts: 'a',
  domains: 'd',
  policy: 'p',
  service: 's',
  audit: 'l',
} as const satisfies { readonly [entry in Entry]: string }

/** Those that one may open, in their order, with the address of the first screen of each. */
export function visibleEntries(): readonly { readonly entry: Entry; readonly href: string }[] {
  return entries.flatMap((entry) => {
    const first = (routes as readonly Route[]).find(
      (route) => route.entry === entry && may(route.right) && !/:\w+(\/|$)/.test(route.path),
    )
    return first !== undefined ? [{ entry, href: first.path.replace(/\/:.*$/, '') || '/' }] : []
  })
}
