// What a phone or program needs, shown once: as codes to scan, as a link, and to type.

import { CopyButton } from '../../kit/copy.tsx'
import { Foreign } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Fact, Facts } from '../../kit/panel.tsx'
import { Qr } from '../../kit/qr.tsx'

export type SetUp = {
  readonly login: string
  readonly password: string
  readonly services: readonly {
    readonly protocol: 'imap' | 'pop3' | 'smtp'
    readonly host: string
    readonly port: number
    readonly security: 'tls' | 'starttls'
  }[]
  /** For iPhones, iPads and Macs; good once. */
  readonly profile: { readonly url: string; readonly expiresAt: string }
  readonly thunderbirdCode: string | null
}

const securityNames = { tls: 'TLS', starttls: 'STARTTLS' } as const

export function SetUpDone({ made }: { readonly made: SetUp }) {
  const { login, password, services, profile, thunderbirdCode } = made
  return (
    <>
      <p>{t('appPassword.once')}</p>
      <p class="secret">
        <code>{password}</code>
        <CopyButton text={password} />
      </p>
      {/* A phone that reads and does not send, or the other way round, has no use for a profile. */}
      {thunderbirdCode !== null && (
        <>
          <details name="set-up">
            <summary>{t('setUp.apple')}</summary>
            <p>{t('setUp.appleText')}</p>
            <Qr text={profile.url} label={t('setUp.appleCode')} />
            <p>
              <a href={profile.url}>{t('setUp.appleLink')}</a>
            </p>
          </details>
          <details name="set-up">
            <summary>{t('setUp.android')}</summary>
            <p>{t('setUp.androidText')}</p>
            <Qr text={thunderbirdCode} label={t('setUp.androidCode')} />
          </details>
        </>
      )}
      <details name="set-up">
        <summary>{t('setUp.other')}</summary>
        <p>{t('setUp.otherText')}</p>
        <Facts>
          <Fact name={t('setUp.login')}>
            <Foreign text={login} />
          </Fact>
          {services.map(({ protocol, host, port, security }) => (
            <Fact key={protocol} name={protocol.toUpperCase()}>
              <span class="mono">
                {host}:{port}
              </span>{' '}
              {securityNames[security]}
            </Fact>
          ))}
        </Facts>
      </details>
    </>
  )
}
