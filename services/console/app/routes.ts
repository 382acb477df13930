// Every address of the console, and the right without which it is hidden. The server knows the same table, so that a reload of any of
// them gives the page. The first match counts.

import type { Right } from '#shared/administration/rights/rights.ts'

export type Route = {
  readonly name: string
  /** Segments; `:name` takes one, `:name?` one or none. */
  readonly path: string
  /** Undefined: for whoever has signed in. */
  readonly right?: Right
  /** Whoever has the right for what is their own may open it too. */
  readonly isOwnToo?: boolean
  /** Under which entry of the navigation it stands. */
  readonly entry?: Entry
  /** Shown without a session, and without the frame. */
  readonly isOpen?: boolean
}

export const entries = [
  'overview',
  'queue',
  'trace',
  'quarantine',
  'accounts',
  'domains',
  'policy',
  'service',
  'audit',
] as const
export type Entry = (typeof entries)[number]

// biome-ignore format: a table is read by columns
export const routes = [
  /** Leads on to the first entry that one may see. */
  { name: 'home',     path: '/' },
  /** The issuer leads back to it. */
  { name: 'oidc',     path: '/sign-in/oidc', isOpen: true },
  { name: 'welcome',  path: '/link', isOpen: true },
  { name: 'forgotten', path: '/forgotten', isOpen: true },
  { name: 'filters',  path: '/me/filters/:script?' },
  { name: 'away',     path: '/me/away' },
  { name: 'me',       path: '/me/:tab?' },
  { name: 'overview', path: '/overview', right: 'service.read', entry: 'overview' },
  { name: 'queue',    path: '/queue', right: 'queue.read', entry: 'queue' },
  { name: 'queue-message', path: '/queue/:queueId', right: 'queue.read', entry: 'queue' },
  { name: 'trace',    path: '/trace', right: 'trace.read', entry: 'trace' },
  { name: 'story',    path: '/trace/:queueId', right: 'trace.read', entry: 'trace' },
  { name: 'quarantine', path: '/quarantine', right: 'quarantine.read', entry: 'quarantine' },
  { name: 'held',     path: '/quarantine/:queueId', right: 'quarantine.read', isOwnToo: true, entry: 'quarantine' },
  { name: 'accounts', path: '/accounts', right: 'directory.read', entry: 'accounts' },
  { name: 'account-new', path: '/accounts/new', right: 'directory.write', entry: 'accounts' },
  { name: 'account-import', path: '/accounts/import', right: 'directory.write', entry: 'accounts' },
  { name: 'account',  path: '/accounts/:address/:tab?', right: 'directory.read', entry: 'accounts' },
  { name: 'aliases',  path: '/aliases', right: 'directory.read', entry: 'accounts' },
  { name: 'alias-new', path: '/aliases/new', right: 'directory.write', entry: 'accounts' },
  { name: 'alias',    path: '/aliases/:alias', right: 'directory.read', entry: 'accounts' },
  { name: 'domains',  path: '/domains', right: 'directory.read', entry: 'domains' },
  { name: 'domain-new', path: '/domains/new', right: 'domains.write', entry: 'domains' },
  { name: 'domain',   path: '/domains/:domain/:tab?', right: 'directory.read', entry: 'domains' },
  { name: 'policy',   path: '/policy', right: 'policy.read', entry: 'policy' },
  { name: 'access',   path: '/policy/tables/:table?', right: 'policy.read', entry: 'policy' },
  { name: 'explain',  path: '/policy/explain', right: 'policy.write', entry: 'policy' },
  { name: 'rehearse', path: '/policy/rehearse', right: 'policy.write', entry: 'policy' },
  { name: 'site-scripts', path: '/policy/scripts/:script?', right: 'settings.read', entry: 'policy' },
  { name: 'greylist', path: '/policy/greylist', right: 'policy.read', entry: 'policy' },
  { name: 'health',   path: '/service', right: 'service.read', entry: 'service' },
  { name: 'certificates', path: '/service/certificates', right: 'service.read', entry: 'service' },
  { name: 'held-logins', path: '/service/held-logins', right: 'logins.read', entry: 'service' },
  { name: 'settings', path: '/service/settings', right: 'settings.read', entry: 'service' },
  { name: 'roles',    path: '/service/roles', right: 'roles.read', entry: 'service' },
  { name: 'tokens',   path: '/service/tokens', right: 'tokens.read', entry: 'service' },
  { name: 'jobs',     path: '/jobs', right: 'jobs.read', entry: 'service' },
  { name: 'job',      path: '/jobs/:job', right: 'jobs.read', entry: 'service' },
  { name: 'audit',    path: '/audit', right: 'audit.read', entry: 'audit' },
] as const satisfies readonly Route[]

export type RouteName = (typeof routes)[number]['name']

export type Matched = {
  readonly route: Route & { readonly name: RouteName }
  readonly params: { readonly [name: string]: string }
}

export function matchRoute(path: string): Matched | undefined {
  const given = segmentsOf(path)
  for (const route of routes) {
    const params = matchSegments(segmentsOf(route.path), given)
    if (params !== undefined) return { route, params }
  }
  return undefined
}

function segmentsOf(path: string): readonly string[] {
  const segments = path.split('/').slice(1)
  return segments.at(-1) === '' ? segments.slice(0, -1) : segments
}

function matchSegments(wanted: readonly string[], given: readonly string[]) {
  if (given.length > wanted.length) return undefined
  const params: { [name: string]: string } = {}
  for (const [i, segment] of wanted.entries()) {
    const value = given[i]
    if (!segment.startsWith(':')) {
      if (value !== segment) return undefined
    } else if (value === undefined || value === '') {
      if (!segment.endsWith('?')) return undefined
    } else {
      const decoded = decodeSegment(value)
      if (decoded === undefined) return undefined
      params[segment.slice(1).replace('?', '')] = decoded
    }
  }
  return params
}

function decodeSegment(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** `/accounts/ann%40example.org` is what a URL may say and nobody wants to read: the @ stays. A colon does not: verbs stand behind one. */
export const segment = (text: string) => encodeURIComponent(text).replaceAll('%40', '@')
