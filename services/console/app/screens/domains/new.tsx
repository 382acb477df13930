// A new domain; what to publish for it comes next.

import { call } from '../../api/client.ts'
import { TextField, useForm } from '../../kit/form.tsx'
import { t } from '../../kit/language.ts'
import { navigate } from '../../kit/location.ts'
import { toast } from '../../kit/toast.tsx'
import { NewPage } from '../../parts/new-page.tsx'
import { segment } from '../../routes.ts'

export function screen() {
  const form = useForm({
    initial: { domain: '', postmaster: '' },
    async send({ domain, postmaster }) {
      const { body } = await call<{ readonly domain: string }>('POST', '/domains', {
        body: {
          domain: domain.trim(),
          ...(postmaster.trim() !== '' && { postmaster: postmaster.trim() }),
        },
      })
      toast({ text: t('domain.wasAdded', { domain: body.domain }) })
      await navigate(`/domains/${segment(body.domain)}/dns`)
    },
  })
  return (
    <NewPage
      title={t('domain.new')}
      list={{ href: '/domains', label: t('entry.domains') }}
      verb={t('domain.add')}
      form={form}
    >
      <TextField
        form={form}
        name="domain"
        label={t('domain')}
        placeholder="example.org"
        isMono
        autofocus
      />
      <TextField
        form={form}
        name="postmaster"
        label={t('domain.postmaster')}
        hint={t('domain.postmasterHint')}
        type="email"
        placeholder="ann@example.org"
        isMono
      />
    </NewPage>
  )
}
