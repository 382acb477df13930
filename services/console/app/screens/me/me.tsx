// One's own mail: how do I set it up, is it safe, where does it go?

import type { Account } from '../../api/directory.ts'
import { current } from '../../api/session.ts'
import { formatBytes } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Loaded, Meter, Page, Panel } from '../../kit/panel.tsx'
import { useVersioned } from '../../kit/versioned.tsx'
import { segment } from '../../routes.ts'
import type { ScreenParams } from '../../screen.ts'
import { AppPasswords } from '../accounts/app-passwords.tsx'
import { Devices } from '../accounts/devices.tsx'
import { QuarantineList } from '../quarantine/quarantine.tsx'
import { Arrived } from './arrived.tsx'
import { Factors } from './factors.tsx'
import { Forwarding } from './forwarding.tsx'
import { MeTabs, meTabs } from './me-tabs.tsx'
import { ChangePassword } from './password.tsx'
import { RecoveryAddress } from './recovery.tsx'
import { Takeout } from './takeout.tsx'
import { Tokens } from './tokens.tsx'

export function screen({ params }: { readonly params: ScreenParams }) {
  const address = current()?.account.address ?? ''
  const path = `/accounts/${segment(address)}`
  const account = useVersioned<Account>(path)
  const tab = meTabs.find((each) => each === params['tab']) ?? 'mail'
  const found = account.value?.body
  return (
    <Page
      title={t('me.title')}
      subtitle={
        <>
          <span>{address}</span>
          {found && (
            <span>
              {found.quotaBytes > 0
                ? t('account.usedOf', {
                    used: formatBytes(found.usedBytes),
                    quota: formatBytes(found.quotaBytes),
                  })
                : formatBytes(found.usedBytes)}
            </span>
          )}
        </>
      }
    >
      <MeTabs current={tab} />
      {tab === 'mail' && (
        <>
          <AppPasswords path={path} mayMake />
          <div class="panels">
            <Panel title={t('account.mailbox')}>
              <Loaded of={account}>
                {({ body }) => (
                  <>
                    <p>
                      {t('account.messageCount', { count: body.messages })} ·{' '}
                      {formatBytes(body.usedBytes)}
                    </p>
                    {body.quotaBytes > 0 && (
                      <Meter
                        value={body.usedBytes}
                        of={body.quotaBytes}
                        label={t('account.mailbox')}
                      />
                    )}
                  </>
                )}
              </Loaded>
            </Panel>
            <Panel title={t('account.forward')}>
              <Loaded of={account}>
                {({ body, etag }) => <Forwarding key={etag} account={body} patch={account.patch} />}
              </Loaded>
            </Panel>
            <Arrived address={address} />
            <Takeout path={path} />
          </div>
        </>
      )}
      {tab === 'quarantine' && <QuarantineList />}
      {tab === 'security' && (
        <div class="panels">
          <ChangePassword path={path} />
          <Factors path={path} />
          <RecoveryAddress path={path} />
          <Tokens />
        </div>
      )}
      {tab === 'devices' && <Devices path={path} />}
    </Page>
  )
}
