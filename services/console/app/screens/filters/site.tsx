// Scripts that the administrator keeps for all; settings say which of them run.

import { may } from '../../api/session.ts'
import { t } from '../../kit/language.ts'
import { Page } from '../../kit/panel.tsx'
import type { ScreenParams } from '../../screen.ts'
import { PolicyTabs } from '../policy/policy-tabs.tsx'
import { Editor } from './editor.tsx'
import { Scripts } from './scripts.tsx'

export function screen({ params }: { readonly params: ScreenParams }) {
  const name = params['script']
  const title = t('policy.tab.scripts')
  const mayWrite = may('policy.write')
  if (name !== undefined) {
    return (
      <Page title={title} back={{ href: '/policy/scripts', label: title }}>
        <Editor path="/scripts" name={name} mayWrite={mayWrite} />
      </Page>
    )
  }
  return (
    <Page title={title}>
      <PolicyTabs current="scripts" />
      <Scripts
        path="/scripts"
        base="/policy/scripts"
        title={title}
        text={t('site.text')}
        mayWrite={mayWrite}
      />
    </Page>
  )
}
