// Asked before what is dangerous, where the last proof is older than five minutes: a factor, or the password of whoever has none.

import { useState } from 'preact/hooks'
import { call } from '../api/client.ts'
import { current, type FactorMethod } from '../api/session.ts'
import { FormActions, FormBody, TextField, useForm } from '../kit/form.tsx'
import { t } from '../kit/language.ts'
import { Loaded } from '../kit/panel.tsx'
import { useResource } from '../kit/resource.ts'
import { Factor } from './sign-in.tsx'

type Ask = { readonly methods: readonly (FactorMethod | 'password')[] }

export function StepUp({ onDone }: { readonly onDone: () => void }) {
  const asked = useResource<Ask>(
    'step-up',
    async () => (await call<Ask>('GET', '/session/stepUp', { isSignIn: true })).body,
  )
  const [usesPassword, setUsesPassword] = useState(false)
  const answer = async (method: FactorMethod | 'password', given: unknown) => {
    await call('POST', '/session:stepUp', { body: { method, answer: given }, isSignIn: true })
    onDone()
  }
  return (
    <>
      <p class="hint">{t('stepUp.why')}</p>
      <Loaded of={asked}>
        {({ methods }) => {
          const factors = methods.filter((each) => each !== 'password')
          return factors.length === 0 || usesPassword ? (
            <Password answer={(password) => answer('password', password)} />
          ) : (
            <Factor
              methods={factors}
              question={async (method) =>
                (
                  await call<{ question: unknown }>('POST', '/session:stepUpAsk', {
                    body: { method },
                    isSignIn: true,
                  })
                ).body.question
              }
              answer={answer}
              back={() => setUsesPassword(methods.includes('password'))}
            />
          )
        }}
      </Loaded>
    </>
  )
}

function Password({ answer }: { readonly answer: (password: string) => Promise<void> }) {
  const form = useForm({
    initial: { password: '' },
    isFleeting: true,
    send: ({ password }) => answer(password),
  })
  return (
    <FormBody form={form} label={t('stepUp.title')}>
      <input
        type="hidden"
        autocomplete="username"
        value={current()?.account.address ?? ''}
        readOnly
      />
      <TextField
        form={form}
        name="password"
        label={t('signIn.password')}
        type="password"
        autocomplete="current-password"
        autofocus
      />
      <FormActions form={form} verb={t('stepUp.verb')} />
    </FormBody>
  )
}
