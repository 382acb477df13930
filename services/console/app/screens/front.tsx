// On which old server an account is, or whoever of a domain has no account here, while clients come here already. Nothing where all is here.

import { call, get } from '../api/client.ts'
import { may } from '../api/session.ts'
import { Button } from '../kit/button.tsx'
import { confirm } from '../kit/dialog.tsx'
import { t } from '../kit/language.ts'
import { Panel } from '../kit/panel.tsx'
import { useResource } from '../kit/resource.ts'

type At = { readonly name: string; readonly state: 'at-source' | 'moving' } | null
type Place = { readonly at: At; readonly before?: At }

/** `path` of the account or the domain. */
export function Front({
  path,
  who,
  isDomain = false,
}: {
  readonly path: string
  readonly who: string
  readonly isDomain?: boolean
}) {
  const place = useResource(`${path}/front`, (signal) => get<Place>(`${path}/front`, {}, signal))
  const { at = null, before = null } = place.value ?? {}
  const source = (at ?? before)?.name
  if (source === undefined) return null
  const end = () =>
    confirm({
      title: t('front.endTitle', { who }),
      text: <p>{t(isDomain ? 'front.endDomain' : 'front.endAccount', { source })}</p>,
      verb: t('front.end'),
      act: async () => place.set((await call<Place>('DELETE', `${path}/front`)).body),
    })
  const back = async () => {
    const body = { source, ...(!isDomain && { state: 'at-source' }) }
    place.set((await call<Place>('PUT', `${path}/front`, { body })).body)
  }
  return (
    <Panel
      title={t('front.title')}
      actions={
        may('directory.write') && (
          <>
            {at?.state !== 'at-source' && <Button onPress={back}>{t('front.back')}</Button>}
            {at !== null && <Button onPress={end}>{t('front.end')}</Button>}
          </>
        )
      }
    >
      <p>
        {at === null
          ? t('front.here')
          : t(at.state === 'moving' ? 'front.moving' : isDomain ? 'front.atDomain' : 'front.at', {
              source,
            })}
      </p>
    </Panel>
  )
}
