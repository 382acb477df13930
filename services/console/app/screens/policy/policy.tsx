// The lists of policy as they are in force. Whoever may not read them has the access tables here.

import { get } from '../../api/client.ts'
import { may } from '../../api/session.ts'
import { ButtonLink } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { Foreign } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Loaded, Page } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import type { ScreenParams } from '../../screen.ts'
import { screen as Access } from './access.tsx'
import { PolicyTabs } from './policy-tabs.tsx'

export type PolicyList = { readonly setting: string; readonly restrictions: string }

export const readLists = (signal: AbortSignal) =>
  get<{ readonly data: readonly PolicyList[] }>('/policy', {}, signal)

export function screen({ params }: { readonly params: ScreenParams }) {
  return may('policy.write') ? <Lists /> : <Access params={params} />
}

function Lists() {
  const lists = useResource('lists', readLists)
  return (
    <Page
      title={t('entry.policy')}
      actions={<CopyAs path="/policy" command="postwolke config show" />}
    >
      <PolicyTabs current="lists" />
      <Loaded of={lists} lines={10}>
        {({ data }) => (
          <ul class="settings">
            {data.map(({ setting, restrictions }) => (
              <li key={setting}>
                <div class="setting-what">
                  <strong class="mono">{setting}</strong>
                </div>
                <div class="setting-value">
                  {restrictions === '' ? (
                    <span class="meta">{t('settings.nothing')}</span>
                  ) : (
                    <ol class="restrictions">
                      {partsOf(restrictions).map((each, i) => (
                        <li key={`${i} ${each}`}>
                          <Foreign text={each} isMono />
                        </li>
                      ))}
                    </ol>
                  )}
                </div>
                {may('settings.read') && (
                  <ButtonLink
                    href={`/service/settings?q=${encodeURIComponent(setting)}`}
                    aria-label={t('settings.changeOf', { path: setting })}
                  >
                    {t('settings.change')}
                  </ButtonLink>
                )}
                <ButtonLink
                  href={`/policy/rehearse?setting=${encodeURIComponent(setting)}`}
                  aria-label={t('policy.rehearseOf', { setting })}
                >
                  {t('policy.tab.rehearse')}
                </ButtonLink>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Page>
  )
}

/** As it is read: one restriction a line, its arguments with it. */
function partsOf(restrictions: string): readonly string[] {
  return restrictions
    .split(/,|\n/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
