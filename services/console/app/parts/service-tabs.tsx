// What stands under the entry Service, as far as one may see it.

import { may } from '../api/session.ts'
import { t } from '../kit/language.ts'
import { Tabs } from '../kit/panel.tsx'

const tabs = [
  ['health', '/service', 'service.read'],
  ['certificates', '/service/certificates', 'service.read'],
  ['held-logins', '/service/held-logins', 'logins.read'],
  ['settings', '/service/settings', 'settings.read'],
  ['roles', '/service/roles', 'roles.read'],
  ['tokens', '/service/tokens', 'tokens.read'],
  ['jobs', '/jobs', 'jobs.read'],
] as const

export function ServiceTabs({ current }: { readonly current: (typeof tabs)[number][0] }) {
  return (
    <Tabs
      label={t('entry.service')}
      tabs={tabs
        .filter(([, , right]) => may(right))
        .map(([name, href]) => ({
          href,
          label: t(`service.${name}`),
          isCurrent: name === current,
        }))}
    />
  )
}
