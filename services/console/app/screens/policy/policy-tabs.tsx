// What there is of policy: the lists in force, one question, a rehearsal of other settings, and the tables that count at once.

import { may } from '../../api/session.ts'
import { t } from '../../kit/language.ts'
import { Tabs } from '../../kit/panel.tsx'

const tabs = [
  ['lists', '/policy', 'policy.write'],
  ['explain', '/policy/explain', 'policy.write'],
  ['rehearse', '/policy/rehearse', 'policy.write'],
  ['greylist', '/policy/greylist', 'policy.read'],
  ['scripts', '/policy/scripts', 'settings.read'],
  ['tables', '/policy/tables', 'policy.read'],
] as const

export function PolicyTabs({ current }: { readonly current: (typeof tabs)[number][0] }) {
  return (
    <Tabs
      label={t('entry.policy')}
      tabs={tabs
        .filter(([, , right]) => may(right))
        .map(([name, href]) => ({
          href,
          label: t(`policy.tab.${name}`),
          isCurrent: name === current,
        }))}
    />
  )
}
