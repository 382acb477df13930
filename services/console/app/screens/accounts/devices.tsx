// Programs that log in for an account: sessions and last logins, and passwords of programs. On one's own page and on that of others.

import { call, get } from '../../api/client.ts'
import { mayOwn } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { clientName } from '../../kit/client-name.ts'
import { confirm } from '../../kit/dialog.tsx'
import { Ago, Foreign } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Empty, Loaded, Panel, Status } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { toast } from '../../kit/toast.tsx'
import { AppPasswords } from './app-passwords.tsx'

type Logins = {
  readonly devices: readonly {
    readonly service: string
    readonly network: string
    readonly client: string | null
    readonly lastAt: string
    readonly appPassword: string | null
  }[]
  /** Null: nobody can say here who is logged in this moment. */
  readonly sessions:
    | readonly {
        readonly id: string
        readonly service: string
        readonly remoteAddress: string
        readonly client: string | null
        readonly since: string
      }[]
    | null
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
    get<Logins>(`${path}/logins`, {}, signal),
  )
  const endAll = async () => {
    const done = await confirm({
      title: t('logins.endAll'),
      text: <p>{t('logins.endAllText')}</p>,
      verb: t('logins.endAll'),
      isDangerous: true,
      act: () => call('POST', `${path}/logins:endAll`),
    })
    if (!done) return
    logins.reload()
    toast({ text: t('logins.ended') })
  }
  return (
    <Panel
      title={t('logins.title')}
      actions={mayOwn('logins.end') && <Button onPress={endAll}>{t('logins.endAll')}</Button>}
    >
      <Loaded of={logins}>
        {({ devices, sessions }) =>
          devices.length === 0 && !sessions?.length ? (
            <Empty icon="phone" title={t('logins.none')} />
          ) : (
            <ul class="items">
              {sessions?.map(({ id, service, remoteAddress, client, since }) => (
                <li key={id}>
                  <div>
                    <Foreign text={client ?? t('logins.unknown')} />{' '}
                    <Status look="ok">{t('logins.live')}</Status>
                    <div class="meta">
                      {service.toUpperCase()} · <span class="mono">{remoteAddress}</span> ·{' '}
                      <Ago at={since} />
                    </div>
                  </div>
                  {mayOwn('logins.end') && (
                    <Button
                      onPress={async () => {
                        await call('DELETE', `${path}/logins/${encodeURIComponent(id)}`)
                        logins.reload()
                        toast({ text: t('logins.oneEnded') })
                      }}
                    >
                      {t('act.end')}
                    </Button>
                  )}
                </li>
              ))}
              {devices.map(({ service, network, client, lastAt, appPassword }) => (
                <li key={`${service} ${network} ${client} ${appPassword}`}>
                  <div>
                    <Foreign text={client ?? appPassword ?? t('logins.unknown')} />
                    <div class="meta">
                      {service.toUpperCase()} · <span class="mono">{network}</span> ·{' '}
                      <Ago at={lastAt} />
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
  const shown = sessions.value?.data ?? []
  const isOwn = shown.some(({ isThis }) => isThis)
  const hasOthers = shown.some(({ isThis }) => !isThis)
  const end = async (which: string) => {
    await call('DELETE', which)
    sessions.reload()
    toast({
      text: t(which !== own ? 'logins.oneEnded' : isOwn ? 'sessions.othersEnded' : 'logins.ended'),
    })
  }
  return (
    <Panel
      title={t('sessions.title')}
      actions={
        mayOwn('logins.end') &&
        hasOthers && (
          <Button onPress={() => end(own)}>{t(isOwn ? 'sessions.endAll' : 'sessions.end')}</Button>
        )
      }
    >
      <Loaded of={sessions}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty icon="key" title={t('sessions.none')} />
          ) : (
            <ul class="items">
              {data.map(({ id, usedAt, address, client, isThis }) => (
                <li key={id}>
                  <div>
                    <span title={client}>
                      <Foreign text={client === '' ? t('logins.unknown') : clientName(client)} />
                    </span>
                    <div class="meta">
                      <span class="mono">{address}</span> ·{' '}
                      {isThis ? t('sessions.this') : <Ago at={usedAt} />}
                    </div>
                  </div>
                  {!isThis && mayOwn('logins.end') && (
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
