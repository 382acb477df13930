// Tokens of the API: what each may, until when, and when it was used. What a token is can be read once, when it is made.

import { call } from '../../api/client.ts'
import { Button } from '../../kit/button.tsx'
import { confirm } from '../../kit/dialog.tsx'
import { Ago, Foreign } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Empty, Status } from '../../kit/panel.tsx'
import { toast } from '../../kit/toast.tsx'

export type Token = {
  readonly id: string
  readonly address: string | null
  readonly name: string
  readonly scopes: readonly string[]
  readonly createdAt: string
  readonly expiresAt: string
  readonly hasExpired: boolean
  readonly usedAt: string | null
  readonly usedFrom: string | null
}

export function TokenItems({
  tokens,
  ofAll = false,
  mayRevoke,
  changed,
}: {
  readonly tokens: readonly Token[]
  /** Of several accounts: each says whose it is. */
  readonly ofAll?: boolean
  readonly mayRevoke: boolean
  readonly changed: () => void
}) {
  if (tokens.length === 0) return <Empty icon="key" title={t('token.none')} />
  return (
    <ul class="items">
      {tokens.map((token) => (
        <li key={token.id}>
          <div>
            <Foreign text={token.name} /> <span class="meta mono">{token.id}</span>
            {ofAll && (
              <div>
                <Foreign text={token.address ?? '–'} />
              </div>
            )}
            <div class="meta mono">{token.scopes.join(', ')}</div>
            <div class="meta">
              {token.hasExpired ? (
                <Status look="warn">{t('token.expired')}</Status>
              ) : (
                <>
                  {t('token.ends')} <Ago at={token.expiresAt} />
                </>
              )}
              {' · '}
              {token.usedAt === null ? (
                t('appPassword.unused')
              ) : (
                <>
                  {t('appPassword.used')} <Ago at={token.usedAt} />{' '}
                  <span class="mono">{token.usedFrom ?? ''}</span>
                </>
              )}
            </div>
          </div>
          {mayRevoke && (
            <Button
              aria-label={t('token.revokeOf', { name: token.name })}
              onPress={() => revoke(token, changed)}
            >
              {t('token.revoke')}
            </Button>
          )}
        </li>
      ))}
    </ul>
  )
}

async function revoke({ id, name }: Token, changed: () => void): Promise<void> {
  const isDone = await confirm({
    title: t('token.revokeOf', { name }),
    text: <p>{t('token.revokeText')}</p>,
    verb: t('token.revoke'),
    isDangerous: true,
    act: () => call('DELETE', `/tokens/${encodeURIComponent(id)}`),
  })
  if (!isDone) return
  toast({ text: t('token.wasRevoked', { name }) })
  changed()
}
