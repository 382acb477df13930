// Which screen stands under which route, each loaded when it is opened first.

import type { ComponentType } from 'preact'
import type { RouteName } from './routes.ts'

export type ScreenParams = { readonly [name: string]: string }
export type Screen = ComponentType<{ readonly params: ScreenParams }>
type Module = Promise<{ readonly screen: Screen }>

export const screens = {
  home: () => import('./screens/home.tsx'),
  oidc: () => import('./screens/oidc.tsx'),
  welcome: () => import('./screens/welcome.tsx'),
  me: () => import('./screens/me/me.tsx'),
  accounts: () => import('./screens/accounts/list.tsx'),
  'account-new': () => import('./screens/accounts/new.tsx'),
  'account-import': () => import('./screens/accounts/import.tsx'),
  account: () => import('./screens/accounts/account.tsx'),
  aliases: () => import('./screens/aliases/list.tsx'),
  'alias-new': () => import('./screens/aliases/new.tsx'),
  alias: () => import('./screens/aliases/alias.tsx'),
  domains: () => import('./screens/domains/list.tsx'),
  'domain-new': () => import('./screens/domains/new.tsx'),
  domain: () => import('./screens/domains/domain.tsx'),
  overview: () => import('./screens/overview/overview.tsx'),
  queue: () => import('./screens/queue/queue.tsx'),
  'queue-message': () => import('./screens/queue/message.tsx'),
  trace: () => import('./screens/trace/trace.tsx'),
  story: () => import('./screens/trace/story.tsx'),
  jobs: () => import('./screens/jobs/jobs.tsx'),
  job: () => import('./screens/jobs/job.tsx'),
  audit: () => import('./screens/audit/audit.tsx'),
  quarantine: () => import('./screens/quarantine/quarantine.tsx'),
  held: () => import('./screens/quarantine/held.tsx'),
  policy: () => import('./screens/policy/policy.tsx'),
  access: () => import('./screens/policy/policy.tsx'),
  settings: () => import('./screens/settings/settings.tsx'),
} satisfies { readonly [name in RouteName]: () => Module }
