// One account: who is this, and can they work?

import { useEffect } from 'preact/hooks'
import type { Right } from '#shared/administration/rights/rights.ts'
import type { Account } from '../../api/directory.ts'
import { may } from '../../api/session.ts'
import { Button, ButtonLink } from '../../kit/button.tsx'
import { CopyAs, CopyButton } from '../../kit/copy.tsx'
import { Ago, Foreign, formatBytes, Time } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { place, setQuery } from '../../kit/location.ts'
import { Menu } from '../../kit/menu.tsx'
import { Fact, Facts, Loaded, Meter, Page, Panel, Tabs } from '../../kit/panel.tsx'
import { useVersioned } from '../../kit/versioned.tsx'
import { matchRoute, segment } from '../../routes.ts'
import type { ScreenParams } from '../../screen.ts'
import { AuditRecords } from '../audit/records.tsx'
import { Front } from '../front.tsx'
import { AccountStatus, acts } from './acts.tsx'
import { contain, release } from './contain.tsx'
import { Devices } from './devices.tsx'
import { HeldBack } from './held-back.tsx'
import { resetPassword } from './reset-password.tsx'
import { Sent } from './sent.tsx'
import { AccountSettings } from './settings.tsx'

const tabs = ['overview', 'settings', 'devices', 'audit'] as const

/** Beyond seeing the account. */
const needed: { readonly [tab in (typeof tabs)[number]]?: Right } = {
  settings: 'directory.write',
  audit: 'audit.read',
}

export function screen({ params }: { readonly params: ScreenParams }) {
  const address = params['address'] ?? ''
  const path = `/accounts/${segment(address)}`
  const account = useVersioned<Account>(path)
  const found = account.value?.body
  const tab = tabs.find((each) => each === params['tab']) ?? 'overview'
  // From the search: only what asks before it does anything.
  const act = place.value.query.get('act')
  useEffect(() => {
    if (found === undefined || act === null) return
    setQuery({ act: undefined })
    if (act === 'contain' && may('accounts.contain')) void contain(found, account.reload)
    if (act === 'password') void resetPassword(found)
  }, [found === undefined, act])
  return (
    <Page
      title={address}
      back={{ href: '/accounts', label: t('accounts.title') }}
      subtitle={found && <AccountStatus account={found} />}
      actions={
        found && (
          <>
            {(may('credentials.reset') || may('credentials.invite')) && (
              <Button icon="key" onPress={() => resetPassword(found)}>
                {t('password.reset')}
              </Button>
            )}
            {may('accounts.contain') &&
              (found.frozen?.isContained ? (
                <Button onPress={() => release(found, account.reload)}>
                  {t('contain.release')}
                </Button>
              ) : (
                <Button onPress={() => contain(found, account.reload)}>{t('contain.verb')}</Button>
              ))}
            <Menu label={t('account.more')} items={acts(found, account.reload)} />
            <CopyAs path={path} command={`postwolke account show ${address}`} />
          </>
        )
      }
    >
      <Tabs
        label={address}
        tabs={tabs
          .filter((each) => {
            const right = needed[each]
            return right === undefined || may(right)
          })
          .map((each) => ({
            href: each === 'overview' ? path : `${path}/${each}`,
            label: t(`account.tab.${each}`),
            isCurrent: each === tab,
          }))}
      />
      <Loaded of={account} lines={6}>
        {({ body, etag }) => {
          switch (tab) {
            case 'overview':
              return <Overview path={path} account={body} />
            case 'settings':
              return <AccountSettings key={etag} account={body} patch={account.patch} />
            case 'devices':
              return <Devices path={path} />
            case 'audit':
              return <AuditRecords filter={{ object: `accounts/${body.address}` }} />
          }
        }}
      </Loaded>
    </Page>
  )
}

function Overview({ path, account }: { readonly path: string; readonly account: Account }) {
  const { address, usedBytes, quotaBytes, messages, forward, frozen, createdAt, password } = account
  const hasTrace = matchRoute('/trace') !== undefined && may('trace.read')
  return (
    <div class="panels">
      <Panel title={t('account.mailbox')}>
        <p>
          {quotaBytes > 0
            ? t('account.usedOf', { used: formatBytes(usedBytes), quota: formatBytes(quotaBytes) })
            : formatBytes(usedBytes)}
          {' · '}
          {t('account.messageCount', { count: messages })}
        </p>
        {quotaBytes > 0 && <Meter value={usedBytes} of={quotaBytes} label={t('account.mailbox')} />}
        <Facts>
          <Fact name={t('account.quota')}>
            {account.hasDefaultQuota
              ? t('account.quotaDefault')
              : quotaBytes === 0
                ? t('account.quotaNone')
                : formatBytes(quotaBytes)}
          </Fact>
          <Fact name={t('created')}>
            <Time at={createdAt} />
          </Fact>
        </Facts>
      </Panel>
      <Panel
        title={t('account.sending')}
        {...(hasTrace && {
          actions: (
            <ButtonLink href={`/trace?sender=${encodeURIComponent(address)}`}>
              {t('entry.trace')}
            </ButtonLink>
          ),
        })}
      >
        <Facts>
          <Fact name={t('account.state')}>
            {frozen ? (
              <>
                <Foreign text={frozen.reason} /> · <Ago at={frozen.since} />
              </>
            ) : (
              t('account.maySend')
            )}
          </Fact>
          <Fact name={t('account.forward')}>
            {forward ? (
              <>
                {forward.to.map((target) => (
                  <div key={target}>
                    <Foreign text={target} />
                  </div>
                ))}
                <span class="meta">{t(forward.keep ? 'account.keeps' : 'account.keepsNot')}</span>
              </>
            ) : (
              t('none')
            )}
          </Fact>
        </Facts>
      </Panel>
      <Panel title={t('account.identity')}>
        <Facts>
          <Fact name={t('signIn.password')}>
            {password.kind === 'known' ? t('account.hasPassword') : t('account.noPassword')}
            {password.scheme !== undefined && <span class="meta mono"> {password.scheme}</span>}
          </Fact>
          <Fact name={t('account.shared')}>{t(account.shared ? 'yes' : 'no')}</Fact>
          <Fact name={t('account.id')}>
            <span class="mono">{account.id}</span>{' '}
            <CopyButton text={account.id} what={t('account.id')} />
          </Fact>
        </Facts>
      </Panel>
      <Front path={path} who={address} />
      {may('logins.read') && (
        <>
          <HeldBack path={path} address={address} />
          <Sent path={path} address={address} />
        </>
      )}
    </div>
  )
}
