// Which screen stands under which route, loaded when one of its group is opened first.

import type { RouteName } from './routes.ts'
import type { Screen } from './screen.ts'

type Module = Promise<{ readonly screen: Screen }>

const directory = () => import('./screens/directory.ts')
const filters = () => import('./screens/filters.ts')
const operations = () => import('./screens/operations.ts')

const of = async <Name extends string>(
  group: Promise<{ readonly [name in Name]: Screen }>,
  name: Name,
): Module => ({ screen: (await group)[name] })

export const screens = {
  home: () => import('./screens/home.tsx'),
  oidc: () => import('./screens/oidc.tsx'),
  welcome: () => import('./screens/welcome.tsx'),
  forgotten: () => import('./screens/forgotten.tsx'),
  filters: () => of(filters(), 'filters'),
  away: () => of(filters(), 'away'),
  'site-scripts': () => of(filters(), 'siteScripts'),
  me: () => import('./screens/me/me.tsx'),
  accounts: () => of(directory(), 'accounts'),
  'account-new': () => of(directory(), 'accountNew'),
  'account-import': () => of(directory(), 'accountImport'),
  account: () => of(directory(), 'account'),
  aliases: () => of(directory(), 'aliases'),
  'alias-new': () => of(directory(), 'aliasNew'),
  alias: () => of(directory(), 'alias'),
  domains: () => of(directory(), 'domains'),
  'domain-new': () => of(directory(), 'domainNew'),
  domain: () => of(directory(), 'domain'),
  // Alone: it brings the plots.
  overview: () => import('./screens/overview/overview.tsx'),
  queue: () => of(operations(), 'queue'),
  'queue-message': () => of(operations(), 'queueMessage'),
  trace: () => of(operations(), 'trace'),
  story: () => of(operations(), 'story'),
  quarantine: () => of(operations(), 'quarantine'),
  held: () => of(operations(), 'held'),
  policy: () => of(operations(), 'policy'),
  access: () => of(operations(), 'access'),
  explain: () => of(operations(), 'explain'),
  rehearse: () => of(operations(), 'rehearse'),
  greylist: () => of(operations(), 'greylist'),
  health: () => of(operations(), 'health'),
  certificates: () => of(operations(), 'certificates'),
  'held-logins': () => of(operations(), 'heldLogins'),
  jobs: () => of(operations(), 'jobs'),
  job: () => of(operations(), 'job'),
  audit: () => of(operations(), 'audit'),
  settings: () => of(operations(), 'settings'),
  roles: () => of(operations(), 'roles'),
  tokens: () => of(operations(), 'tokens'),
} satisfies { readonly [name in RouteName]: () => Module }
