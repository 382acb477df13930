// Who has forgotten his password asks here for a link to his recovery address. What is said is the same whether there is one.

import { useState } from 'preact/hooks'
import { askForLink } from '../api/sign-in.ts'
import { ButtonLink } from '../kit/button.tsx'
import { FormActions, FormBody, TextField, useForm } from '../kit/form.tsx'
import { t } from '../kit/language.ts'

export function screen() {
  const [isDone, setDone] = useState(false)
  const form = useForm({
    initial: { login: '' },
    isFleeting: true,
    async send({ login }) {
      await askForLink(login.trim())
      setDone(true)
    },
  })
  return (
    <main class="way-in">
      <h1>{t('forgotten.title')}</h1>
      {isDone ? (
        <p class="notice ok" role="status">
          {t('forgotten.done')}
        </p>
      ) : (
        <>
          <p>{t('forgotten.text')}</p>
          <FormBody form={form} label={t('forgotten.title')}>
            <TextField
              form={form}
              name="login"
              label={t('signIn.address')}
              type="email"
              autocomplete="username"
              autofocus
            />
            <FormActions form={form} verb={t('forgotten.verb')} />
          </FormBody>
        </>
      )}
      <div class="other-ways">
        <ButtonLink look="quiet" href="/">
          {t('act.back')}
        </ButtonLink>
      </div>
    </main>
  )
}
