// Where one is: path and query are the whole state of a view. Links are plain `a href`; a click on one of ours changes the address
// without loading the page again.

import { signal } from '@preact/signals'

export type Place = {
  readonly path: string
  readonly query: URLSearchParams
  readonly hash: string
}

const read = (): Place => ({
  path: window.location.pathname,
  query: new URLSearchParams(window.location.search),
  hash: window.location.hash,
})

export const place = signal<Place>(read())

/** Asked before one leaves; false keeps one here. */
export type LeaveGuard = () => Promise<boolean> | boolean
const guards = new Set<LeaveGuard>()

export function guardLeaving(guard: LeaveGuard): () => void {
  guards.add(guard)
  return () => guards.delete(guard)
}

async function mayLeave(): Promise<boolean> {
  for (const guard of guards) if (!(await guard())) return false
  return true
}

let index = 0

export async function navigate(
  to: string,
  options: { readonly replace?: boolean } = {},
): Promise<void> {
  const isElsewhere = new URL(to, window.location.href).pathname !== place.value.path
  if (isElsewhere && !(await mayLeave())) return
  if (options.replace) history.replaceState({ index }, '', to)
  else history.pushState({ index: ++index }, '', to)
  place.value = read()
  if (isElsewhere) window.scrollTo(0, 0)
}

/** Changes some names of the query; undefined and '' take one away. */
export function setQuery(
  changes: { readonly [name: string]: string | undefined },
  options: { readonly replace?: boolean } = { replace: true },
): void {
  const query = new URLSearchParams(place.value.query)
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') query.delete(name)
    else query.set(name, value)
  }
  void navigate(withQuery(place.value.path, query), options)
}

export function withQuery(path: string, query: URLSearchParams): string {
  const text = query.toString().replaceAll('%40', '@').replaceAll('%3A', ':')
  return text === '' ? path : `${path}?${text}`
}

export function watchLocation(): void {
  index = Number(history.state?.index ?? 0)
  window.addEventListener('popstate', async (event) => {
    const now = Number(event.state?.index ?? 0)
    const steps = now - index
    if (window.location.pathname !== place.value.path && guards.size > 0 && steps !== 0) {
      // The browser has gone already: back, ask, and go again.
      history.go(-steps)
      await new Promise((resolve) => window.addEventListener('popstate', resolve, { once: true }))
      index = now - steps
      if (!(await mayLeave())) return
      guards.clear()
      history.go(steps)
      return
    }
    index = now
    place.value = read()
  })
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (link === null || link.target !== '' || link.hasAttribute('download')) return
    if (link.origin !== window.location.origin || link.pathname.startsWith('/api/')) return
    const { pathname, search } = window.location
    // Within the page: the browser's own.
    if (link.hash !== '' && link.pathname === pathname && link.search === search) return
    event.preventDefault()
    void navigate(link.pathname + link.search + link.hash)
  })
}
