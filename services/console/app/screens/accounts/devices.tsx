// Programs that log in for an account: sessions and last logins, and passwords of programs. On one's own page and on that of others.

import { call, get } from '../../api/client.ts'
import { mayOwn } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { confirm } from '../../kit/dialog.tsx'
import { Ago, Foreign } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Empty, Loaded, Panel } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { toast } from '../../kit/toast.tsx'
import { AppPasswords } from './app-passwords.tsx'

type Login = {
  readonly id: string
  readonly protocol: string
  readonly client: string | null
  readonly network: string
  readonly at: string
  /** It can be ended. */
  readonly isLive?: boolean
}

/** `path` of the account. */
export function Devices({ path }: { readonly path: string }) {
  return (
    <div class="panels">
      <Logins path={path} />
      <Sessions path={path} />
      <AppPasswords path={path} />
    </div>
  )
}

function Logins({ path }: { readonly path: string }) {
  const logins = useResource(`${path}/logins`, (signal) =>
    get<{ readonly data: readonly Login[] }>(`${path}/logins`, {}, signal),
  )
  const endAll = async () => {
    const done = await confirm({
      title: t('logins.endAll'),
      text: <p>{t('logins.endAllText')}</p>,
      verb: t('logins.endAll'),
      isDangerous: true,
      act: () => call('POST', `${path}/logins:endAll`, { body: {} }),
    })
    if (!done) return
    logins.reload()
    toast({ text: t('logins.ended') })
  }
  return (
    <Panel
      title={t('logins.title')}
      actions={
        mayOwn('credentials.reset') && <Button onPress={endAll}>{t('logins.endAll')}</Button>
      }
    >
      <Loaded of={logins}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty icon="phone" title={t('logins.none')} />
          ) : (
            <ul class="items">
              {data.map((login) => (
                <li key={login.id}>
                  <div>
                    <Foreign text={login.client ?? t('logins.unknown')} />
                    <div class="meta">
                      {login.protocol.toUpperCase()} · <span class="mono">{login.network}</span> ·{' '}
                      <Ago at={login.at} />
                    </div>
                  </div>
                  {login.isLive && (
                    <Button
                      onPress={async () => {
                        await call('POST', `${path}/logins/${encodeURIComponent(login.id)}:end`, {
                          body: {},
                        })
                        logins.reload()
                      }}
                    >
                      {t('act.end')}
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  )
}

type Session = {
  readonly id: string
  readonly usedAt: string
  readonly address: string
  readonly client: string
  readonly isThis: boolean
}

function Sessions({ path }: { readonly path: string }) {
  const own = `${path}/sessions`
  const sessions = useResource(own, (signal) =>
    get<{ readonly data: readonly Session[] }>(own, {}, signal),
  )
  const end = async (which: string) => {
    await call('DELETE', which)
    sessions.reload()
    toast({ text: t('logins.ended') })
  }
  return (
    <Panel
      title={t('sessions.title')}
      actions={
        mayOwn('credentials.reset') && (
          <Button onPress={() => end(own)}>{t('sessions.endAll')}</Button>
        )
      }
    >
      <Loaded of={sessions}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty icon="key" title={t('logins.none')} />
          ) : (
            <ul class="items">
              {data.map(({ id, usedAt, address, client, isThis }) => (
                <li key={id}>
                  <div>
                    <Foreign text={client === '' ? t('logins.unknown') : client} />
                    <div class="meta">
                      <span class="mono">{address}</span> ·{' '}
                      {isThis ? t('sessions.this') : <Ago at={usedAt} />}
                    </div>
                  </div>
                  {!isThis && mayOwn('credentials.reset') && (
                    <Button onPress={() => end(`${own}/${encodeURIComponent(id)}`)}>
                      {t('act.end')}
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  )
}
