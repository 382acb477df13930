// The way in: password, then a factor where one is set up; or a passkey, or an issuer.

import { useState } from 'preact/hooks'
import type { FactorMethod } from '../api/session.ts'
import {
  askFactor,
  askPasskey,
  begin,
  leaveForIssuer,
  type NeedsFactor,
  readWays,
  type SignedIn,
  withFactor,
  withPasskey,
  withPassword,
} from '../api/sign-in.ts'
import { Button, ButtonLink } from '../kit/button.tsx'
import { asToCode } from '../kit/failure.tsx'
import { FormBody, PasswordField, TextField, useForm } from '../kit/form.tsx'
import { Icon } from '../kit/icon.tsx'
import { chooseLanguage, language, t } from '../kit/language.ts'
import { place } from '../kit/location.ts'
import { useResource } from '../kit/resource.ts'

export function SignInPage() {
  const ways = useResource('ways', readWays)
  return (
    <main class="way-in">
      <div class="brand large">
        <Icon name="mail" />
        <span>Postwolke</span>
      </div>
      <h1>{t('signIn.title')}</h1>
      <p class="hint">{window.location.host}</p>
      <SignIn onDone={() => {}} />
      <div class="other-ways">
        <ButtonLink look="quiet" href="/forgotten">
          {t('signIn.forgotten')}
        </ButtonLink>
        {ways.value?.oidc && (
          <Button
            look="quiet"
            onPress={() => leaveForIssuer(place.value.path + window.location.search)}
          >
            {t('signIn.oidc')}
          </Button>
        )}
      </div>
      <div class="way-in-foot">
        <Button look="quiet" onPress={() => chooseLanguage(language.value === 'en' ? 'de' : 'en')}>
          {language.value === 'en' ? 'Deutsch' : 'English'}
        </Button>
      </div>
    </main>
  )
}

export function SignIn({
  address,
  onDone,
}: {
  readonly address?: string
  readonly onDone: () => void
}) {
  const [pending, setPending] = useState<NeedsFactor>()
  const take = (answer: SignedIn | NeedsFactor) => {
    if (answer.state === 'needs-factor') return setPending(answer)
    begin(answer)
    onDone()
  }
  return pending === undefined ? (
    <>
      <Password {...(address !== undefined && { address })} take={take} />
      {'PublicKeyCredential' in window && (
        <div class="other-ways">
          <Button icon="key" onPress={async () => take(await signInByPasskey())}>
            {t('signIn.withPasskey')}
          </Button>
        </div>
      )}
    </>
  ) : (
    <Factor
      methods={pending.methods}
      question={(method) => askFactor(pending.ticket, method)}
      answer={async (method, answer) => take(await withFactor(pending.ticket, method, answer))}
      back={() => setPending(undefined)}
    />
  )
}

async function signInByPasskey(): Promise<SignedIn> {
  const { startAuthentication } = await import('@simplewebauthn/browser')
  const binding = crypto.randomUUID()
  const asked = (await askPasskey(binding)) as Parameters<
    typeof startAuthentication
  >[0]['optionsJSON']
  return withPasskey(binding, await startAuthentication({ optionsJSON: asked }))
}

function Password({
  address,
  take,
}: {
  readonly address?: string
  readonly take: (answer: SignedIn | NeedsFactor) => void
}) {
  const form = useForm({
    initial: { address: address ?? '', password: '' },
    names: { login: 'address' },
    isFleeting: true,
    send: async (values) => take(await withPassword(values.address.trim(), values.password)),
  })
  return (
    <FormBody form={form} label={t('signIn.title')} verb={t('act.signIn')}>
      <TextField
        form={form}
        name="address"
        label={t('signIn.address')}
        type="email"
        autocomplete="username"
        autofocus={address === undefined}
      />
      <PasswordField
        form={form}
        name="password"
        label={t('signIn.password')}
        autofocus={address !== undefined}
      />
    </FormBody>
  )
}

const labels = {
  passkey: 'signIn.passkey',
  totp: 'signIn.totp',
  'recovery-code': 'signIn.recovery',
} as const satisfies { readonly [method in FactorMethod]: string }

/** One factor, of those that the account has. Used at sign-in and when somebody is asked again. */
export function Factor({
  methods,
  verb = t('act.signIn'),
  question,
  answer,
  back,
}: {
  readonly methods: readonly FactorMethod[]
  readonly verb?: string
  readonly question: (method: FactorMethod) => Promise<unknown>
  readonly answer: (method: FactorMethod, answer: unknown) => Promise<void>
  readonly back: () => void
}) {
  const [method, setMethod] = useState<FactorMethod>(methods[0] ?? 'totp')
  const form = useForm({
    initial: { code: '' },
    isFleeting: true,
    send: async ({ code }) => {
      if (method !== 'passkey') return asToCode(answer(method, code.replaceAll(/\s/g, '')))
      const { startAuthentication } = await import('@simplewebauthn/browser')
      const asked = (await question(method)) as Parameters<
        typeof startAuthentication
      >[0]['optionsJSON']
      return answer(method, await startAuthentication({ optionsJSON: asked }))
    },
  })
  return (
    <>
      <FormBody
        form={form}
        label={t(labels[method])}
        key={method}
        verb={method === 'passkey' ? t('signIn.usePasskey') : verb}
        cancel={
          <Button look="quiet" onPress={back}>
            {t('act.back')}
          </Button>
        }
      >
        {method === 'passkey' ? (
          <p>{t('signIn.passkeyHint')}</p>
        ) : (
          <TextField
            form={form}
            name="code"
            label={t(labels[method])}
            hint={method === 'totp' ? t('signIn.totpHint') : t('signIn.recoveryHint')}
            autocomplete="one-time-code"
            {...(method === 'totp' && { inputMode: 'numeric' })}
            isMono
            autofocus
          />
        )}
      </FormBody>
      {methods.length > 1 && (
        <div class="other-ways">
          {methods
            .filter((each) => each !== method)
            .map((each) => (
              <Button key={each} look="quiet" onPress={() => setMethod(each)}>
                {t('signIn.instead', { way: t(labels[each]) })}
              </Button>
            ))}
        </div>
      )}
    </>
  )
}
