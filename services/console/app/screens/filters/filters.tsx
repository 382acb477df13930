// One's own filters: simple rules, and scripts of which one decides.

import { current } from '../../api/session.ts'
import { t } from '../../kit/language.ts'
import { Page } from '../../kit/panel.tsx'
import { useVersioned } from '../../kit/versioned.tsx'
import { segment } from '../../routes.ts'
import type { ScreenParams } from '../../screen.ts'
import { MeTabs } from '../me/me-tabs.tsx'
import { Editor } from './editor.tsx'
import type { Filters } from './filters-api.ts'
import { Rules } from './rules.tsx'
import { Scripts } from './scripts.tsx'

export function screen({ params }: { readonly params: ScreenParams }) {
  const account = `/accounts/${segment(current()?.account.address ?? '')}`
  const name = params['script']
  return name === undefined ? (
    <All account={account} />
  ) : (
    <Page title={t('me.tab.filters')} back={{ href: '/me/filters', label: t('me.tab.filters') }}>
      <Editor path={`${account}/scripts`} name={name} account={account} mayWrite />
    </Page>
  )
}

function All({ account }: { readonly account: string }) {
  const filters = useVersioned<Filters>(`${account}/filters`)
  return (
    <Page title={t('me.tab.filters')}>
      <MeTabs current="filters" />
      <div class="stack">
        <Rules filters={filters} />
        <Scripts
          key={filters.value?.etag}
          path={`${account}/scripts`}
          base="/me/filters"
          title={t('script.title')}
          text={t('script.intro')}
          mayWrite
          isActivated
          changed={filters.reload}
        />
      </div>
    </Page>
  )
}
