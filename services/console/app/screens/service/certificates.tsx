// Which certificates are shown, and until when.

import { call } from '../../api/client.ts'
import { may } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { Ago, Foreign, Time } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Empty, Fact, Facts, Loaded, Page, Panel, Status } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { toast } from '../../kit/toast.tsx'
import { ServiceTabs } from '../../parts/service-tabs.tsx'
import { type Certificate, readService } from './service-api.ts'

type Renewal = { readonly result: string; readonly reason: string | null }

/** As the overview has them. */
const DAYS_WARN = 14
const DAYS_BAD = 3

export function screen() {
  const service = useResource('certificates', readService)
  return (
    <Page
      title={t('certificates.title')}
      actions={<CopyAs path="/service" command="postwolke status" />}
    >
      <ServiceTabs current="certificates" />
      <Loaded of={service} lines={6}>
        {({ certificates }) =>
          certificates.length === 0 ? (
            <Empty icon="key" title={t('certificates.empty')}>
              <p>{t('certificates.emptyText')}</p>
            </Empty>
          ) : (
            <div class="panels">
              {certificates.map((one) => (
                <Shown key={one.file} certificate={one} changed={service.reload} />
              ))}
            </div>
          )
        }
      </Loaded>
    </Page>
  )
}

function Shown({
  certificate,
  changed,
}: {
  readonly certificate: Certificate
  readonly changed: () => void
}) {
  const { file, issuer, expiresAt, keptBy } = certificate
  const names = certificate.names.map(bareName)
  const isOwn = names.some((name) => issuer === `CN=${name}`)
  const renew = async () => {
    const path = '/service:renewCertificate'
    const { body } = await call<Renewal>('POST', path, { body: {} })
    toast({
      text:
        body.result === 'renewed'
          ? t('certificates.renewed')
          : body.result === 'failed'
            ? t('certificates.failed', { reason: body.reason ?? '' })
            : body.result === 'kept'
              ? t('certificates.kept')
              : t('certificates.underWay'),
    })
    changed()
  }
  return (
    <Panel
      title={names[0] ?? file}
      actions={
        keptBy === 'acme' &&
        may('service.act') && <Button onPress={renew}>{t('certificates.renew')}</Button>
      }
    >
      <Validity certificate={certificate} />
      {isOwn && <p class="notice warn">{t('certificates.own')}</p>}
      <Facts>
        <Fact name={t('certificates.names')}>
          {names.map((name) => (
            <div key={name}>
              <Foreign text={name} isMono />
            </div>
          ))}
        </Fact>
        <Fact name={t('certificates.issuer')}>
          {issuer === null ? t('none') : <Foreign text={issuer} />}
        </Fact>
        <Fact name={t('certificates.expires')}>
          {expiresAt === null ? t('none') : <Time at={expiresAt} />}
        </Fact>
        {!isOwn && (
          <Fact name={t('certificates.next')}>
            {t(keptBy === 'acme' ? 'certificates.byAcme' : 'certificates.byFiles')}
          </Fact>
        )}
        <Fact name={t('certificates.file')}>
          <Foreign text={file} isMono />
        </Fact>
      </Facts>
    </Panel>
  )
}

/** Without what kind of name it is, which one sees. */
const bareName = (name: string) => name.replace(/^(?:DNS|IP Address):/, '')

function Validity({ certificate }: { readonly certificate: Certificate }) {
  const { problem, daysLeft, expiresAt } = certificate
  if (problem !== null || daysLeft === null || expiresAt === null) {
    return <Status look="bad">{t('certificates.unreadable')}</Status>
  }
  const look = daysLeft <= DAYS_BAD ? 'bad' : daysLeft <= DAYS_WARN ? 'warn' : 'ok'
  return (
    <Status look={look}>
      {t(daysLeft < 0 ? 'certificates.over' : 'certificates.runsOut')} <Ago at={expiresAt} />
    </Status>
  )
}
