// What there is of one's own mail, over each page of it.

import { may, mayOwn } from '../../api/session.ts'
import { t } from '../../kit/language.ts'
import { Tabs } from '../../kit/panel.tsx'

export const meTabs = ['mail', 'filters', 'away', 'quarantine', 'security', 'devices'] as const
export type MeTab = (typeof meTabs)[number]

export function MeTabs({ current }: { readonly current: MeTab }) {
  // Who decides for others too has all of it in one list.
  const isOwnList = mayOwn('quarantine.read') && !may('quarantine.read')
  return (
    <Tabs
      label={t('me.title')}
      tabs={meTabs
        .filter((each) => each !== 'quarantine' || isOwnList)
        .map((each) => ({
          href: each === 'mail' ? '/me' : `/me/${each}`,
          label: t(`me.tab.${each}`),
          isCurrent: each === current,
        }))}
    />
  )
}
