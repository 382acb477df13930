// Logins of one account that wait because too many failed: why somebody who calls cannot log in, and another try at once.

import { call, get } from '../../api/client.ts'
import { may } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { Foreign, Time } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Loaded, Panel, Status } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { toast } from '../../kit/toast.tsx'
import type { HeldLogin } from '../service/held-logins.tsx'

/** `path` of the account. */
export function HeldBack({ path, address }: { readonly path: string; readonly address: string }) {
  const held = useResource(`${path}/held-logins`, (signal) =>
    get<{ readonly data: readonly HeldLogin[] }>('/held-logins', { account: address }, signal),
  )
  const release = async () => {
    await call('POST', `${path}/logins:release`)
    held.reload()
    toast({ text: t('held.released', { who: address }) })
  }
  const isHeld = (held.value?.data.length ?? 0) > 0
  return (
    <Panel
      title={t('held.title')}
      actions={
        isHeld && may('logins.release') && <Button onPress={release}>{t('held.release')}</Button>
      }
    >
      <Loaded of={held}>
        {({ data }) =>
          data.length === 0 ? (
            <Status look="ok">{t('held.none')}</Status>
          ) : (
            <ul class="items">
              {data.map(({ network, failures, limit, until }) => (
                <li key={network}>
                  <div>
                    {network === null ? t('held.anyNetwork') : <Foreign text={network} isMono />}
                    <div class="meta">
                      {t('held.failures')}: {t('held.ofAllowed', { failures, limit })} ·{' '}
                      {t('held.until')} <Time at={until} />
                    </div>
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  )
}
