// What there is of policy: the lists in force, one question, a rehearsal of other settings, and the tables that count at once.

import { may } from '../../api/session.ts'
import { t } from '../../kit/language.ts'
import { Tabs } from '../../kit/panel.tsx'

const tabs = [
  ['lists', '/policy'],
  ['explain', '/policy/explain'],
  ['rehearse', '/policy/rehearse'],
  ['tables', '/policy/tables'],
] as const

export function PolicyTabs({ current }: { readonly current: (typeof tabs)[number][0] }) {
  if (!may('policy.write')) return null
  return (
    <Tabs
      label={t('entry.policy')}
      tabs={tabs.map(([name, href]) => ({
        href,
        label: t(`policy.tab.${name}`),
        isCurrent: name === current,
      }))}
    />
  )
}
