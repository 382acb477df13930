// One domain: what must be published for it, and what is.

import { call } from '../../api/client.ts'
import type { Domain } from '../../api/directory.ts'
import { ApiFailure } from '../../api/problem.ts'
import { may } from '../../api/session.ts'
import { Button, ButtonLink } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { confirm } from '../../kit/dialog.tsx'
import { formatCount, Time } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { navigate } from '../../kit/location.ts'
import { Fact, Facts, Loaded, Page, Panel, Tabs } from '../../kit/panel.tsx'
import { toast } from '../../kit/toast.tsx'
import { useVersioned } from '../../kit/versioned.tsx'
import { segment } from '../../routes.ts'
import type { ScreenParams } from '../../screen.ts'
import { Front } from '../front.tsx'
import { DomainDns } from './dns.tsx'
import { DomainKeys } from './keys.tsx'
import { DomainLimits } from './limits.tsx'

export function screen({ params }: { readonly params: ScreenParams }) {
  const name = params['domain'] ?? ''
  const path = `/domains/${segment(name)}`
  const { tab } = params
  const domain = useVersioned<Domain>(path)
  return (
    <Page
      title={name}
      back={{ href: '/domains', label: t('entry.domains') }}
      actions={
        <>
          <ButtonLink href={`/accounts?domain=${encodeURIComponent(name)}`} icon="accounts">
            {t('accounts.title')}
          </ButtonLink>
          <CopyAs path={path} command={commandOf(name, tab)} />
        </>
      }
    >
      <Tabs
        label={name}
        tabs={[
          {
            href: path,
            label: t('account.tab.overview'),
            isCurrent: tab !== 'dns' && tab !== 'keys',
          },
          { href: `${path}/dns`, label: t('domain.dns'), isCurrent: tab === 'dns' },
          { href: `${path}/keys`, label: t('key.title'), isCurrent: tab === 'keys' },
        ]}
      />
      {tab === 'dns' ? (
        <DomainDns domain={name} />
      ) : tab === 'keys' ? (
        <DomainKeys path={path} />
      ) : (
        <Loaded of={domain}>
          {({ body, etag }) => (
            <div class="panels">
              <Addresses domain={body} />
              <Front path={`/domains/${segment(body.domain)}`} who={body.domain} isDomain />
              <DomainLimits key={etag} limits={body.limits} patch={domain.patch} />
              {may('domains.write') && <Delete domain={body} />}
            </div>
          )}
        </Loaded>
      )}
    </Page>
  )
}

const commandOf = (name: string, tab: string | undefined) =>
  tab === 'keys'
    ? `postwolke dkim list ${name}`
    : `postwolke domain ${tab === 'dns' ? 'dns' : 'show'} ${name}`

function Addresses({ domain: found }: { readonly domain: Domain }) {
  const { domain, accounts, aliases, createdAt, limits } = found
  const of = (count: number, limit: number | null) =>
    limit === null
      ? formatCount(count)
      : t('account.usedOf', { used: formatCount(count), quota: formatCount(limit) })
  return (
    <Panel title={t('domain.addresses')}>
      <Facts>
        <Fact name={t('accounts.title')}>
          <a href={`/accounts?domain=${encodeURIComponent(domain)}`}>
            {of(accounts, limits.accounts)}
          </a>
        </Fact>
        <Fact name={t('aliases.title')}>
          <a href={`/aliases?domain=${encodeURIComponent(domain)}`}>
            {of(aliases, limits.aliases)}
          </a>
        </Fact>
        <Fact name={t('created')}>
          <Time at={createdAt} />
        </Fact>
      </Facts>
    </Panel>
  )
}

function Delete({ domain }: { readonly domain: Domain }) {
  return (
    <Panel title={t('domain.delete')}>
      <p>{t('domain.deleteHint')}</p>
      <div>
        <Button onPress={() => remove(domain)}>{t('domain.delete')}</Button>
      </div>
    </Panel>
  )
}

async function remove({ domain, accounts, aliases }: Domain): Promise<void> {
  const path = `/domains/${segment(domain)}`
  const isFull = accounts + aliases > 0
  const done = await confirm({
    title: t('domain.deleteTitle', { domain }),
    text: (
      <p>
        {isFull
          ? t('domain.deleteFull', {
              accounts: formatCount(accounts),
              aliases: formatCount(aliases),
            })
          : t('domain.deleteEmpty')}
      </p>
    ),
    verb: t('domain.delete'),
    isDangerous: true,
    typed: domain,
    act: async () => {
      const { etag } = await call('GET', path)
      try {
        await call('DELETE', path, { etag, ...(isFull && { query: { force: true } }) })
      } catch (error) {
        if (!(error instanceof ApiFailure) || error.problem.status !== 404) throw error
      }
    },
  })
  if (!done) return
  toast({ text: t('domain.wasDeleted', { domain }) })
  await navigate('/domains')
}
