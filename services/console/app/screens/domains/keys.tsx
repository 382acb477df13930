// The keys that sign the mail of a domain: which signs, which waits for its record, and how they are turned.

import { call } from '../../api/client.ts'
import { may } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { CopyButton } from '../../kit/copy.tsx'
import { confirm } from '../../kit/dialog.tsx'
import { Ago } from '../../kit/format.tsx'
import { t, tIfKnown } from '../../kit/language.ts'
import { Empty, Loaded, Panel, Status } from '../../kit/panel.tsx'
import { toast } from '../../kit/toast.tsx'
import { useVersioned, type Versioned } from '../../kit/versioned.tsx'

type Key = {
  readonly selector: string
  readonly algorithm: string
  readonly state: string
  readonly since: string
  readonly seenAt: string | null
  readonly forced: boolean
  readonly imported: boolean
  readonly name: string
  readonly record: string
}
type Keys = { readonly domain: string; readonly keys: readonly Key[] }

const looks: { readonly [state: string]: 'ok' | 'warn' | 'bad' | 'info' } = {
  active: 'ok',
  waiting: 'warn',
  revoked: 'bad',
}

/** `path` of the domain. */
export function DomainKeys({ path }: { readonly path: string }) {
  const own = `${path}/keys`
  const keys = useVersioned<Keys>(own)
  const ask = async (verb: string, options: { readonly body?: unknown } = {}) => {
    const { body, etag } = await call<Keys>('POST', own + verb, {
      ...options,
      ...(keys.value?.etag !== undefined && { etag: keys.value.etag }),
    })
    keys.set({ body, etag })
  }
  const rotate = async () => {
    await ask(':rotate', { body: {} })
    toast({ text: t('key.wasRotated') })
  }
  const revoke = (selector: string) =>
    confirm({
      title: t('key.revokeTitle', { selector }),
      text: <p>{t('key.revokeText')}</p>,
      verb: t('key.revoke'),
      isDangerous: true,
      act: () => ask(`/${encodeURIComponent(selector)}:revoke`),
    })
  const mayWrite = may('keys.write')
  return (
    <Panel
      title={t('key.title')}
      actions={
        mayWrite && (
          <>
            <Button icon="reload" onPress={() => ask(':check')}>
              {t('dns.check')}
            </Button>
            <Button onPress={rotate}>{t('key.rotate')}</Button>
          </>
        )
      }
    >
      <p class="hint">{t('key.text')}</p>
      <Loaded of={keys} lines={6}>
        {({ body }: Versioned<Keys>) =>
          body.keys.length === 0 ? (
            <Empty icon="key" title={t('key.none')} />
          ) : (
            <ul class="records">
              {body.keys.map((key) => (
                <li key={key.selector} class="record">
                  <div class="record-head">
                    <Status look={looks[key.state] ?? 'info'}>
                      {tIfKnown(`key.state.${key.state}`) ?? key.state}
                    </Status>
                    <strong class="mono">{key.selector}</strong>
                    <span class="meta">
                      {key.algorithm} · <Ago at={key.since} />
                      {key.imported && ` · ${t('key.imported')}`}
                      {key.forced && ` · ${t('key.forced')}`}
                      {' · '}
                      {key.seenAt === null ? (
                        t('key.unseen')
                      ) : (
                        <>
                          {t('key.seen')} <Ago at={key.seenAt} />
                        </>
                      )}
                    </span>
                    {mayWrite && key.state !== 'revoked' && (
                      <span class="panel-actions">
                        {key.state === 'waiting' && (
                          <Button
                            aria-label={t('key.forceOf', { selector: key.selector })}
                            onPress={() => ask(`/${encodeURIComponent(key.selector)}:force`)}
                          >
                            {t('key.force')}
                          </Button>
                        )}
                        <Button
                          aria-label={t('key.revokeOf', { selector: key.selector })}
                          onPress={() => revoke(key.selector)}
                        >
                          {t('key.revoke')}
                        </Button>
                      </span>
                    )}
                  </div>
                  <dl class="record-parts">
                    <div>
                      <dt>{t('dns.name')}</dt>
                      <dd>
                        <code>{key.name}</code>
                        <CopyButton text={key.name} what={t('dns.name')} />
                      </dd>
                    </div>
                    <div class="long">
                      <dt>TXT</dt>
                      <dd>
                        <code>{key.record}</code>
                        <CopyButton text={key.record} what="TXT" />
                      </dd>
                    </div>
                  </dl>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  )
}
