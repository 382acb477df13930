// Accounts and aliases are under one entry.

import { t } from '../../kit/language.ts'
import { place } from '../../kit/location.ts'
import { Tabs } from '../../kit/panel.tsx'

export function AddressTabs({ current }: { readonly current: 'accounts' | 'aliases' }) {
  const domain = place.value.query.get('domain')
  const end = domain === null ? '' : `?domain=${encodeURIComponent(domain)}`
  return (
    <Tabs
      label={t('accounts.title')}
      tabs={[
        {
          href: `/accounts${end}`,
          label: t('accounts.title'),
          isCurrent: current === 'accounts',
        },
        { href: `/aliases${end}`, label: t('aliases.title'), isCurrent: current === 'aliases' },
      ]}
    />
  )
}
