// Passwords of programs: made by the server, shown once, each for one program, so that one can be taken away.

import { useState } from 'preact/hooks'
import { call, get } from '../../api/client.ts'
import { mayOwn } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { confirm, Dialog, show } from '../../kit/dialog.tsx'
import { CheckField, FormBody, TextField, useForm } from '../../kit/form.tsx'
import { Ago, Foreign } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Empty, Loaded, Panel } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { toast } from '../../kit/toast.tsx'
import { type SetUp, SetUpDone } from '../me/set-up.tsx'

type AppPassword = {
  readonly id: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly lastUse: {
    readonly at: string
    readonly service: string
    readonly network: string
  } | null
}

export function AppPasswords({
  path,
  mayMake = false,
}: {
  readonly path: string
  /** Only one's own: nobody else is to know it. */
  readonly mayMake?: boolean
}) {
  const own = `${path}/appPasswords`
  const passwords = useResource(own, (signal) =>
    get<{ readonly data: readonly AppPassword[] }>(own, {}, signal),
  )
  const remove = async ({ id, name }: AppPassword) => {
    const done = await confirm({
      title: t('appPassword.removeTitle', { name }),
      text: <p>{t('appPassword.removeText')}</p>,
      verb: t('act.remove'),
      isDangerous: true,
      act: () => call('DELETE', `${own}/${encodeURIComponent(id)}`),
    })
    if (!done) return
    passwords.reload()
    toast({ text: t('appPassword.removed', { name }) })
  }
  const make = async () => {
    await show((close) => <Make path={path} close={close} />)
    passwords.reload()
  }
  return (
    <Panel
      title={t('appPassword.title')}
      actions={
        mayMake && (
          <Button look="filled" icon="phone" onPress={make}>
            {t('appPassword.make')}
          </Button>
        )
      }
    >
      <p class="hint">{t('appPassword.text')}</p>
      <Loaded of={passwords}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty icon="key" title={t('appPassword.none')} />
          ) : (
            <ul class="items">
              {data.map((each) => (
                <li key={each.id}>
                  <div>
                    <Foreign text={each.name} />
                    <div class="meta">
                      {each.scopes.join(', ').toUpperCase()}
                      {' · '}
                      {each.lastUse ? (
                        <>
                          {t('appPassword.used')} <Ago at={each.lastUse.at} />,{' '}
                          <span class="mono">{each.lastUse.network}</span>
                        </>
                      ) : (
                        t('appPassword.unused')
                      )}
                    </div>
                  </div>
                  {mayOwn('logins.end') && (
                    <Button onPress={() => remove(each)}>{t('act.remove')}</Button>
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

function Make({ path, close }: { readonly path: string; readonly close: () => void }) {
  const [made, setMade] = useState<SetUp>()
  const form = useForm({
    initial: { name: '', imap: true, pop3: false, smtp: true, managesieve: false },
    isFleeting: true,
    names: { scopes: 'imap' },
    async send({ name, imap, pop3, smtp, managesieve }) {
      const scopes = [
        ...(imap ? ['imap'] : []),
        ...(pop3 ? ['pop3'] : []),
        ...(smtp ? ['smtp'] : []),
        ...(managesieve ? ['managesieve'] : []),
      ]
      const { body } = await call<SetUp>('POST', `${path}/setup`, {
        body: { name: name.trim(), scopes },
      })
      setMade(body)
    },
  })
  return (
    <Dialog title={t('appPassword.make')} onClose={close}>
      {made === undefined ? (
        <FormBody
          form={form}
          label={t('appPassword.make')}
          verb={t('appPassword.verb')}
          cancel={<Button onPress={() => close()}>{t('act.cancel')}</Button>}
        >
          <TextField
            form={form}
            name="name"
            label={t('appPassword.name')}
            hint={t('appPassword.nameHint')}
            autofocus
          />
          <fieldset>
            <legend>{t('appPassword.scopes')}</legend>
            <CheckField form={form} name="imap" label="IMAP" />
            <CheckField form={form} name="pop3" label="POP3" />
            <CheckField form={form} name="smtp" label={t('appPassword.smtp')} />
            <CheckField form={form} name="managesieve" label={t('appPassword.managesieve')} />
          </fieldset>
        </FormBody>
      ) : (
        <>
          <SetUpDone made={made} />
          <Button look="filled" onPress={() => close()}>
            {t('act.done')}
          </Button>
        </>
      )}
    </Dialog>
  )
}
