// How much a domain may have, whoever adds to it.

import type { Domain } from '../../api/directory.ts'
import { ApiFailure, localProblem } from '../../api/problem.ts'
import { may } from '../../api/session.ts'
import { FormBody, TextField, useForm } from '../../kit/form.tsx'
import { formatBytes, formatCount } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Fact, Facts, Panel } from '../../kit/panel.tsx'
import { parseQuota, quotaText } from '../../kit/quota.ts'
import { toast } from '../../kit/toast.tsx'
import type { useVersioned } from '../../kit/versioned.tsx'

type Limits = Domain['limits']
type Patch = ReturnType<typeof useVersioned>['patch']

export function DomainLimits({
  limits,
  patch,
}: {
  readonly limits: Limits
  readonly patch: Patch
}) {
  return (
    <Panel title={t('limits.title')}>
      <p class="hint">{t('limits.text')}</p>
      {may('domains.write') ? <Change limits={limits} patch={patch} /> : <Shown limits={limits} />}
    </Panel>
  )
}

function Shown({ limits: { accounts, aliases, quotaBytes } }: { readonly limits: Limits }) {
  const shown = (limit: number | null, format: (limit: number) => string) =>
    limit === null ? t('limits.none') : format(limit)
  return (
    <Facts>
      <Fact name={t('accounts.title')}>{shown(accounts, formatCount)}</Fact>
      <Fact name={t('aliases.title')}>{shown(aliases, formatCount)}</Fact>
      <Fact name={t('limits.quota')}>{shown(quotaBytes, formatBytes)}</Fact>
    </Facts>
  )
}

function Change({ limits, patch }: { readonly limits: Limits; readonly patch: Patch }) {
  const initial = {
    accounts: textOf(limits.accounts),
    aliases: textOf(limits.aliases),
    quota: limits.quotaBytes === null ? '' : quotaText(limits.quotaBytes),
  }
  const form = useForm({
    initial,
    names: { quotaBytes: 'quota', accountsMax: 'accounts', aliasesMax: 'aliases' },
    async send({ accounts, aliases, quota }) {
      const changes = {
        ...(accounts !== initial.accounts && { accounts: countOf(accounts, '/accounts') }),
        ...(aliases !== initial.aliases && { aliases: countOf(aliases, '/aliases') }),
        ...(quota !== initial.quota && { quotaBytes: quotaOf(quota) }),
      }
      const saved = await patch({ limits: changes }, { limits: t('limits.title') })
      if (saved === 'saved') toast({ text: t('saved') })
    },
  })
  return (
    <FormBody form={form} label={t('limits.title')} verb={t('act.save')} needsChange>
      <TextField
        form={form}
        name="accounts"
        label={t('accounts.title')}
        inputMode="numeric"
        placeholder={t('limits.none')}
        size="short"
      />
      <TextField
        form={form}
        name="aliases"
        label={t('aliases.title')}
        inputMode="numeric"
        placeholder={t('limits.none')}
        size="short"
      />
      <TextField
        form={form}
        name="quota"
        label={t('limits.quota')}
        hint={t('limits.quotaHint')}
        placeholder={t('limits.none')}
        size="short"
      />
    </FormBody>
  )
}

const textOf = (limit: number | null) => (limit === null ? '' : String(limit))

/** Nothing: no limit. How many it may be at most, the server says. */
function countOf(text: string, pointer: string): number | null {
  const written = text.trim()
  if (written === '') return null
  if (/^\d{1,15}$/.test(written)) return Number(written)
  throw new ApiFailure(localProblem(pointer, t('limits.count')))
}

function quotaOf(text: string): number | null {
  if (text.trim() === '') return null
  const bytes = parseQuota(text)
  if (bytes) return bytes
  if (bytes === 0) return null
  throw new ApiFailure(localProblem('/quotaBytes', t('limits.quotaHint')))
}
