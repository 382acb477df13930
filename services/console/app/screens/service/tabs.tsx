import { t } from '../../kit/language.ts'
import { place } from '../../kit/location.ts'
import { Tabs } from '../../kit/panel.tsx'

const tabs = [
  ['/service', 'service.health'],
  ['/service/settings', 'service.settings'],
  ['/service/certificates', 'service.certificates'],
  ['/service/log', 'service.log'],
  ['/jobs', 'service.jobs'],
] as const

export function ServiceTabs() {
  return (
    <Tabs
      label={t('entry.service')}
      tabs={tabs.map(([href, label]) => ({
        href,
        label: t(label),
        isCurrent: place.value.path === href,
      }))}
    />
  )
}
