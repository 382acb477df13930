// A new alias.

import { call } from '../../api/client.ts'
import type { Warning } from '../../api/directory.ts'
import { TextField, useForm } from '../../kit/form.tsx'
import { t } from '../../kit/language.ts'
import { navigate, place } from '../../kit/location.ts'
import { toast } from '../../kit/toast.tsx'
import { tellWarnings } from '../../kit/warnings.ts'
import { NewPage } from '../../parts/new-page.tsx'
import { segment } from '../../routes.ts'

/** One a line or with commas. */
export const targetsOf = (text: string) => text.split(/[\s,]+/).filter((each) => each !== '')

export function screen() {
  const domain = place.value.query.get('domain')
  const form = useForm({
    initial: { alias: domain === null ? '' : `@${domain}`, targets: '' },
    async send({ alias, targets }) {
      const written = alias.trim()
      const { body } = await call<{ readonly warnings: readonly Warning[] }>('POST', '/aliases', {
        body: { alias: written, targets: targetsOf(targets) },
      })
      toast({ text: t('alias.wasAdded', { alias: written }) })
      tellWarnings(body.warnings)
      await navigate(`/aliases/${segment(written)}`)
    },
  })
  return (
    <NewPage
      title={t('alias.new')}
      list={{ href: '/aliases', label: t('aliases.title') }}
      verb={t('alias.add')}
      form={form}
    >
      <TextField
        form={form}
        name="alias"
        label={t('alias')}
        hint={t('alias.hint')}
        placeholder="info@example.org"
        isMono
        autofocus
      />
      <TextField
        form={form}
        name="targets"
        label={t('alias.targets')}
        hint={t('alias.targetsHint')}
        rows={4}
        isMono
      />
    </NewPage>
  )
}
