// Second factors: codes of an app, passkeys, recovery codes. Turning the first on leads straight to passwords for programs, for those stop
// working with the real one.

import { useState } from 'preact/hooks'
import { call, get } from '../../api/client.ts'
import { Button } from '../../kit/button.tsx'
import { systemOf } from '../../kit/client-name.ts'
import { CopyButton } from '../../kit/copy.tsx'
import { confirm, Dialog, show } from '../../kit/dialog.tsx'
import { asToCode } from '../../kit/failure.tsx'
import { FormBody, TextField, useForm } from '../../kit/form.tsx'
import { Ago, Foreign } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { navigate } from '../../kit/location.ts'
import { Loaded, Panel, Status } from '../../kit/panel.tsx'
import { Qr } from '../../kit/qr.tsx'
import { useResource } from '../../kit/resource.ts'
import { saveText } from '../../kit/save.ts'
import { toast } from '../../kit/toast.tsx'

type Passkey = {
  readonly id: string
  readonly name: string
  readonly createdAt: string
  readonly lastUsedAt: string | null
}

type Factors = {
  readonly totp: { readonly since: string } | null
  readonly recoveryCodes: { readonly left: number; readonly madeAt: string } | null
  readonly passkeys: readonly Passkey[]
}

/** Of a factor that was added: shown once, where it is the first. */
type Added = { readonly recoveryCodes: readonly string[] | null }

export function Factors({ path }: { readonly path: string }) {
  const factors = useResource(`${path}/factors`, (signal) =>
    get<Factors>(`${path}/factors`, {}, signal),
  )
  const { reload } = factors
  return (
    <Panel title={t('factors.title')}>
      <p class="hint">{t('factors.text')}</p>
      <Loaded of={factors} lines={5}>
        {({ totp, recoveryCodes, passkeys }) => (
          <>
            <h3>{t('factors.passkeys')}</h3>
            <Passkeys path={path} passkeys={passkeys} changed={reload} />
            <h3>{t('factors.totp')}</h3>
            <div class="items-row">
              <Status look={totp ? 'ok' : 'info'}>{t(totp ? 'factors.on' : 'factors.off')}</Status>
              {totp ? (
                <Button onPress={() => removeTotp(path, reload)}>{t('act.remove')}</Button>
              ) : (
                <Button
                  onPress={async () => {
                    await show((close) => <SetUpTotp path={path} close={close} />)
                    reload()
                  }}
                >
                  {t('factors.setUp')}
                </Button>
              )}
            </div>
            {(totp !== null || passkeys.length > 0) && (
              <>
                <h3>{t('factors.recovery')}</h3>
                <div class="items-row">
                  <span>{t('factors.codesLeft', { count: recoveryCodes?.left ?? 0 })}</span>
                  <Button onPress={() => makeCodes(path, reload)}>{t('factors.newCodes')}</Button>
                </div>
              </>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  )
}

function Passkeys({
  path,
  passkeys,
  changed,
}: {
  readonly path: string
  readonly passkeys: readonly Passkey[]
  readonly changed: () => void
}) {
  const own = `${path}/passkeys`
  const add = async () => {
    const { startRegistration } = await import('@simplewebauthn/browser')
    const { body } = await call<{ readonly question: unknown }>('POST', `${own}:begin`)
    const optionsJSON = body.question as Parameters<typeof startRegistration>[0]['optionsJSON']
    const answer = await startRegistration({ optionsJSON })
    const added = await call<Added>('POST', own, { body: { name: nameOfDevice(), answer } })
    changed()
    const codes = added.body.recoveryCodes
    if (codes === null) return toast({ text: t('factors.passkeyAdded') })
    await show((close) => <IsOn codes={codes} close={close} />)
  }
  const remove = async ({ id, name }: Passkey) => {
    const done = await confirm({
      title: t('factors.removePasskey', { name }),
      text: <p>{t('factors.removePasskeyText')}</p>,
      verb: t('act.remove'),
      isDangerous: true,
      act: () => call('DELETE', `${own}/${encodeURIComponent(id)}`),
    })
    if (done) changed()
  }
  return (
    <>
      {passkeys.length > 0 && (
        <ul class="items">
          {passkeys.map((passkey) => (
            <li key={passkey.id}>
              <div>
                <Foreign text={passkey.name} />
                <div class="meta">
                  {passkey.lastUsedAt === null ? (
                    t('appPassword.unused')
                  ) : (
                    <>
                      {t('appPassword.used')} <Ago at={passkey.lastUsedAt} />
                    </>
                  )}
                </div>
              </div>
              <Button onPress={() => remove(passkey)}>{t('act.remove')}</Button>
            </li>
          ))}
        </ul>
      )}
      <div>
        <Button icon="key" onPress={add}>
          {t('factors.addPasskey')}
        </Button>
      </div>
    </>
  )
}

/** What its owner will know it by; the browser says no more. */
function nameOfDevice(): string {
  const system = systemOf(navigator.userAgent) ?? 'Passkey'
  return `${system}, ${new Date().toISOString().slice(0, 10)}`
}

function SetUpTotp({ path, close }: { readonly path: string; readonly close: () => void }) {
  const begun = useResource('totp', async () => {
    const { body } = await call<{ readonly secret: string; readonly uri: string }>(
      'POST',
      `${path}/totp:begin`,
    )
    return body
  })
  const [codes, setCodes] = useState<readonly string[]>()
  const form = useForm({
    initial: { code: '' },
    isFleeting: true,
    async send({ code }) {
      const { body } = await asToCode(
        call<Added>('PUT', `${path}/totp`, { body: { code: code.replaceAll(/\s/g, '') } }),
      )
      setCodes(body.recoveryCodes ?? [])
    },
  })
  if (codes !== undefined) {
    return <IsOn codes={codes} close={close} />
  }
  return (
    <Dialog title={t('factors.setUpTotp')} onClose={close}>
      <Loaded of={begun} lines={6}>
        {({ secret, uri }) => (
          <>
            <p>{t('factors.scan')}</p>
            <Qr text={uri} label={t('factors.qr')} />
            <p class="secret">
              <code>{secret}</code>
              <CopyButton text={secret} />
            </p>
            <FormBody
              form={form}
              label={t('factors.setUpTotp')}
              verb={t('factors.turnOn')}
              cancel={<Button onPress={() => close()}>{t('act.cancel')}</Button>}
            >
              <TextField
                form={form}
                name="code"
                label={t('signIn.totp')}
                hint={t('signIn.totpHint')}
                inputMode="numeric"
                autocomplete="one-time-code"
                isMono
              />
            </FormBody>
          </>
        )}
      </Loaded>
    </Dialog>
  )
}

function IsOn({ codes, close }: { readonly codes: readonly string[]; readonly close: () => void }) {
  return (
    <Dialog
      title={t('factors.isOn')}
      onClose={close}
      actions={
        <Button
          look="filled"
          onPress={() => {
            close()
            void navigate('/me')
          }}
        >
          {t('factors.toPrograms')}
        </Button>
      }
    >
      <p>{t('factors.programsStop')}</p>
      {codes.length > 0 && <Codes codes={codes} />}
    </Dialog>
  )
}

async function removeTotp(path: string, changed: () => void): Promise<void> {
  const done = await confirm({
    title: t('factors.removeTotp'),
    text: <p>{t('factors.removeTotpText')}</p>,
    verb: t('act.remove'),
    isDangerous: true,
    act: () => call('DELETE', `${path}/totp`),
  })
  if (done) changed()
}

async function makeCodes(path: string, changed: () => void): Promise<void> {
  const { body } = await call<{ readonly codes: readonly string[] }>(
    'POST',
    `${path}/recoveryCodes`,
  )
  changed()
  await show((close) => (
    <Dialog
      title={t('factors.recovery')}
      onClose={() => close()}
      actions={
        <Button look="filled" onPress={() => close()}>
          {t('act.done')}
        </Button>
      }
    >
      <Codes codes={body.codes} />
    </Dialog>
  ))
}

function Codes({ codes }: { readonly codes: readonly string[] }) {
  const text = codes.join('\n')
  return (
    <>
      <p>{t('factors.codesOnce')}</p>
      <pre class="codes">{text}</pre>
      <div class="page-actions">
        <CopyButton text={text} label={t('copy.copy')} />
        <Button onPress={() => saveText('recovery-codes.txt', `${text}\n`, 'text/plain')}>
          {t('factors.saveCodes')}
        </Button>
      </div>
    </>
  )
}
