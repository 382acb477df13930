// Scripts by name, of an account or of all: which one is active, and a new one.

import { call, get } from '../../api/client.ts'
import { Button } from '../../kit/button.tsx'
import { confirm, Dialog, show } from '../../kit/dialog.tsx'
import { FormBody, TextField, useForm } from '../../kit/form.tsx'
import { Ago, Foreign, formatBytes } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { navigate } from '../../kit/location.ts'
import { Empty, Loaded, Panel, Status } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { toast } from '../../kit/toast.tsx'
import { segment } from '../../routes.ts'
import type { Listed, Script } from './filters-api.ts'

export function Scripts({
  path,
  base,
  title,
  text,
  mayWrite,
  isActivated = false,
  changed,
}: {
  /** Of the API, and of the page of one script. */
  readonly path: string
  readonly base: string
  readonly title: string
  readonly text: string
  readonly mayWrite: boolean
  /** One of them may be active. */
  readonly isActivated?: boolean
  readonly changed?: () => void
}) {
  const scripts = useResource(path, (signal) => get<Listed<Script>>(path, {}, signal))
  const reload = () => {
    scripts.reload()
    changed?.()
  }
  const activate = async (name: string | null) => {
    await call('POST', `${path}:activate`, { body: { name } })
    reload()
    toast({ text: name === null ? t('script.noneActive') : t('script.isActive', { name }) })
  }
  const remove = async ({ name }: Script) => {
    const done = await confirm({
      title: t('script.removeTitle', { name }),
      text: <p>{t('script.removeText')}</p>,
      verb: t('act.remove'),
      isDangerous: true,
      act: () => call('DELETE', `${path}/${segment(name)}`, { etag: '*' }),
    })
    if (!done) return
    reload()
    toast({ text: t('script.removed', { name }) })
  }
  return (
    <Panel
      title={title}
      actions={
        mayWrite && (
          <Button icon="plus" onPress={() => show((close) => <New base={base} close={close} />)}>
            {t('script.new')}
          </Button>
        )
      }
    >
      <p class="hint">{text}</p>
      <Loaded of={scripts}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty icon="policy" title={t('script.none')} />
          ) : (
            <ul class="items">
              {data.map((script) => (
                <li key={script.name}>
                  <div>
                    <a href={`${base}/${segment(script.name)}`}>
                      <Foreign text={script.name} />
                    </a>{' '}
                    {script.isActive && <Status look="ok">{t('script.active')}</Status>}
                    <div class="meta">
                      {formatBytes(script.bytes)} · <Ago at={script.changedAt} />
                    </div>
                  </div>
                  {mayWrite && (
                    <div class="panel-actions">
                      {isActivated && (
                        <Button
                          aria-label={`${t(script.isActive ? 'script.deactivate' : 'script.activate')}: ${script.name}`}
                          onPress={() => activate(script.isActive ? null : script.name)}
                        >
                          {t(script.isActive ? 'script.deactivate' : 'script.activate')}
                        </Button>
                      )}
                      {!script.isActive && (
                        <Button
                          aria-label={`${t('act.remove')}: ${script.name}`}
                          onPress={() => remove(script)}
                        >
                          {t('act.remove')}
                        </Button>
                      )}
                    </div>
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

/** What it is called; it is stored once it is written. */
function New({ base, close }: { readonly base: string; readonly close: () => void }) {
  const form = useForm({
    initial: { name: '' },
    isFleeting: true,
    async send({ name }) {
      if (name.trim() === '') return
      close()
      await navigate(`${base}/${segment(name.trim())}`)
    },
  })
  return (
    <Dialog title={t('script.new')} onClose={close}>
      <FormBody
        form={form}
        label={t('script.new')}
        verb={t('act.continue')}
        cancel={<Button onPress={() => close()}>{t('act.cancel')}</Button>}
      >
        <TextField form={form} name="name" label={t('script.name')} autofocus />
      </FormBody>
    </Dialog>
  )
}
