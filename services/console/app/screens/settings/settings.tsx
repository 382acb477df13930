// What is set, where, and who wins: each setting with its value, where that comes from and what it hides; what may change while the system runs
// is changed here, and the rest is shown with where it is changed.

import { useState } from 'preact/hooks'
import { call, get, rehearsed } from '../../api/client.ts'
import { may } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { Dialog, show } from '../../kit/dialog.tsx'
import { Filters, FilterText } from '../../kit/filters.tsx'
import { FormBody, TextField, useForm } from '../../kit/form.tsx'
import { Foreign } from '../../kit/format.tsx'
import { t, tIfKnown } from '../../kit/language.ts'
import { Empty, Loaded, Page, Panel, Status } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { toast } from '../../kit/toast.tsx'
import { asked } from '../../parts/query-fields.tsx'
import { ServiceTabs } from '../../parts/service-tabs.tsx'

type Setting = {
  readonly path: string
  /** The heading that it stands under in the manual. */
  readonly part: string
  readonly value: string
  readonly origin: 'default' | 'stored' | 'file' | 'environment' | 'override' | 'deployment'
  readonly from: string
  readonly hides: readonly { readonly value: string; readonly from: string }[]
  readonly default: string
  readonly allowed: string
  readonly about: string
  readonly isReloadable: boolean
  readonly isLocked: boolean
  readonly problem: string | null
}

type Listed = { readonly data: readonly Setting[]; readonly warnings: readonly string[] }

export function screen() {
  const q = asked('q')
  const settings = useResource(q, (signal) => get<Listed>('/settings', { q }, signal))
  return (
    <Page
      title={t('settings.title')}
      actions={<CopyAs path="/settings" query={{ q }} command="postwolke config show" />}
    >
      <ServiceTabs current="settings" />
      <Filters>
        <FilterText name="q" label={t('settings.q')} placeholder="myhostname" isWide />
      </Filters>
      <Loaded of={settings} lines={12}>
        {({ data, warnings }) => (
          <div class="stack">
            {warnings.map((warning) => (
              <p key={warning} class="notice warn">
                <Foreign text={warning} />
              </p>
            ))}
            {data.length === 0 && <Empty icon="search" title={t('table.noHits')} />}
            {[...Map.groupBy(data, ({ part }) => part)].map(([part, all]) => (
              <Panel key={part} title={tIfKnown(`settings.part.${part}`) ?? part}>
                <ul class="settings">
                  {all.map((setting) => (
                    <Row key={setting.path} setting={setting} changed={settings.reload} />
                  ))}
                </ul>
              </Panel>
            ))}
          </div>
        )}
      </Loaded>
    </Page>
  )
}

function Row({ setting, changed }: { readonly setting: Setting; readonly changed: () => void }) {
  const { path, value, origin, from, hides, about, isReloadable, isLocked, problem } = setting
  const isOurs = isReloadable && !isLocked && may('settings.write')
  const reset = async () => {
    await change({ [path]: null })
    toast({
      text: t('settings.wasReset', { path }),
      undo: async () => {
        await change({ [path]: value })
        changed()
      },
    })
    changed()
  }
  return (
    <li>
      <div class="setting-what">
        <strong class="mono">{path}</strong>
        <p class="meta" lang="en">
          {about}
        </p>
      </div>
      <div class="setting-value">
        <Foreign text={value === '' ? t('settings.nothing') : value} isMono />
        <div class="meta">
          {t(`settings.origin.${origin}`)} {origin !== 'default' && <Foreign text={from} />}
          {!isReloadable && ` · ${t('settings.restart')}`}
          {isReloadable && isLocked && ` · ${t('settings.locked')}`}
        </div>
        {hides.map((hidden) => (
          <div key={hidden.from} class="meta">
            {t('settings.hides')} <Foreign text={hidden.value} isMono /> (
            <Foreign text={hidden.from} />)
          </div>
        ))}
        {problem !== null && (
          <Status look="bad">
            <Foreign text={problem} />
          </Status>
        )}
      </div>
      {isOurs && (
        <span class="queue-group-acts">
          <Button
            aria-label={t('settings.changeOf', { path })}
            onPress={() => edit(setting, changed)}
          >
            {t('settings.change')}
          </Button>
          {origin === 'stored' && (
            <Button aria-label={t('settings.resetOf', { path })} onPress={reset}>
              {t('settings.reset')}
            </Button>
          )}
        </span>
      )}
    </li>
  )
}

type Changed = { readonly warnings: readonly string[] }

type Changes = { readonly [path: string]: string | null }

const change = async (changes: Changes): Promise<void> => {
  await call('POST', '/settings:change', { body: { changes } })
}

/** What would come of it. */
const rehearse = async (changes: Changes): Promise<Changed> => {
  return await rehearsed<Changed>('POST', '/settings:change', { body: { changes } })
}

async function edit(setting: Setting, changed: () => void): Promise<void> {
  const isDone = await show<true>((close) => <Edit setting={setting} close={close} />)
  if (isDone !== true) return
  toast({ text: t('settings.wasChanged', { path: setting.path }) })
  changed()
}

function Edit({
  setting: { path, value, allowed, about, default: standard },
  close,
}: {
  readonly setting: Setting
  readonly close: (done?: true) => void
}) {
  const [warnings, setWarnings] = useState<{
    readonly of: string
    readonly all: readonly string[]
  }>()
  const form = useForm({
    initial: { value },
    names: { [path]: 'value', changes: 'value', setting: 'value' },
    isFleeting: true,
    async send({ value: wanted }) {
      // What is probably not meant is said before it holds; the second press is meant.
      if (warnings?.of !== wanted) {
        const tried = await rehearse({ [path]: wanted })
        setWarnings({ of: wanted, all: tried.warnings })
        if (tried.warnings.length > 0) return
      }
      await change({ [path]: wanted })
      close(true)
    },
  })
  return (
    <Dialog title={path} onClose={() => close()}>
      <p lang="en">{about}</p>
      <FormBody
        form={form}
        label={path}
        verb={t('act.save')}
        cancel={<Button onPress={() => close()}>{t('act.cancel')}</Button>}
      >
        <TextField form={form} name="value" label={t('settings.value')} hint={allowed} isMono />
        <p class="meta">
          {t('settings.default')} <span class="mono">{standard}</span>
        </p>
        {warnings?.of === form.values.value &&
          warnings.all.map((warning) => (
            <p key={warning} class="notice warn" role="alert">
              <Foreign text={warning} />
            </p>
          ))}
      </FormBody>
    </Dialog>
  )
}
