// Tokens of one's own, for programs that call the API.

import { useState } from 'preact/hooks'
import { call, get } from '../../api/client.ts'
import { current } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { CopyButton } from '../../kit/copy.tsx'
import { Dialog, show } from '../../kit/dialog.tsx'
import { FormBody, SelectField, TextField, useForm } from '../../kit/form.tsx'
import { formatSpan } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Loaded, Panel } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { type Token, TokenItems } from '../tokens/items.tsx'

export function Tokens() {
  const tokens = useResource('own tokens', (signal) =>
    get<{ readonly data: readonly Token[] }>('/me/tokens', {}, signal),
  )
  const make = async () => {
    await show((close) => <Make close={close} />)
    tokens.reload()
  }
  return (
    <Panel
      title={t('service.tokens')}
      actions={
        <Button icon="key" onPress={make}>
          {t('token.make')}
        </Button>
      }
    >
      <p class="hint">{t('token.text')}</p>
      <Loaded of={tokens}>
        {({ data }) => <TokenItems tokens={data} mayRevoke changed={tokens.reload} />}
      </Loaded>
    </Panel>
  )
}

const lifetimes = ['7d', '30d', '90d', '365d'] as const

function Make({ close }: { readonly close: () => void }) {
  const [secret, setSecret] = useState<string>()
  const known = Object.keys(current()?.rights ?? {})
  const form = useForm({
    initial: {
      name: '',
      scopes: known.filter((right) => right.endsWith('.read')).join('\n'),
      expires: '90d',
    },
    isFleeting: true,
    async send({ name, scopes, expires }) {
      const { body } = await call<{ readonly secret: string }>('POST', '/me/tokens', {
        body: {
          name: name.trim(),
          scopes: scopes.split(/[\s,]+/).filter((each) => each !== ''),
          expires,
        },
      })
      setSecret(body.secret)
    },
  })
  if (secret !== undefined) {
    return (
      <Dialog
        title={t('token.make')}
        onClose={close}
        actions={
          <Button look="filled" onPress={() => close()}>
            {t('act.done')}
          </Button>
        }
      >
        <p>{t('token.once')}</p>
        <p class="secret">
          <code>{secret}</code>
          <CopyButton text={secret} />
        </p>
      </Dialog>
    )
  }
  return (
    <Dialog title={t('token.make')} onClose={close}>
      <FormBody
        form={form}
        label={t('token.make')}
        verb={t('token.make')}
        cancel={<Button onPress={() => close()}>{t('act.cancel')}</Button>}
      >
        <TextField form={form} name="name" label={t('token.name')} autofocus />
        <TextField
          form={form}
          name="scopes"
          label={t('token.scopes')}
          hint={t('token.scopesHint', { rights: known.join(', ') })}
          rows={5}
          isMono
        />
        <SelectField
          form={form}
          name="expires"
          label={t('token.lifetime')}
          options={lifetimes.map((value) => ({ value, label: formatSpan(value) }))}
        />
      </FormBody>
    </Dialog>
  )
}
