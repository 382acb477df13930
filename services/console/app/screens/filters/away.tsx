// The reply while somebody is away. The server writes it as a script, which its owner can read.

import { current } from '../../api/session.ts'
import { CheckField, FormBody, TextField, useForm } from '../../kit/form.tsx'
import { t } from '../../kit/language.ts'
import { Loaded, Page, Panel, Status } from '../../kit/panel.tsx'
import { toast } from '../../kit/toast.tsx'
import { useVersioned } from '../../kit/versioned.tsx'
import { segment } from '../../routes.ts'
import { MeTabs } from '../me/me-tabs.tsx'
import type { Filters } from './filters-api.ts'

export function screen() {
  const filters = useVersioned<Filters>(
    `/accounts/${segment(current()?.account.address ?? '')}/filters`,
  )
  return (
    <Page title={t('me.tab.away')}>
      <MeTabs current="away" />
      <Panel title={t('me.tab.away')}>
        <Loaded of={filters} lines={8}>
          {({ body, etag }) =>
            body.awayIsByHand ? (
              <p>
                {t('away.byHand')} <a href="/me/filters/postwolke-away">{t('away.script')}</a>
              </p>
            ) : (
              <Reply key={etag} filters={body} patch={filters.patch} />
            )
          }
        </Loaded>
      </Panel>
    </Page>
  )
}

function Reply({
  filters: { away, awayIsOn },
  patch,
}: {
  readonly filters: Filters
  readonly patch: ReturnType<typeof useVersioned<Filters>>['patch']
}) {
  const form = useForm({
    initial: {
      isOn: awayIsOn,
      from: away?.from ?? '',
      until: away?.until ?? '',
      subject: away?.subject ?? '',
      text: away?.text ?? '',
      addresses: away?.addresses.join(', ') ?? '',
    },
    async send({ isOn, from, until, subject, text, addresses }) {
      const saved = await patch(
        {
          isOn,
          away: {
            from: from || null,
            until: until || null,
            subject: subject.trim(),
            text,
            addresses: addresses.split(/[\s,]+/).filter((each) => each !== ''),
          },
        },
        { away: t('me.tab.away'), isOn: t('away.on') },
        { method: 'PUT', below: '/away' },
      )
      if (saved === 'saved') toast({ text: t(isOn ? 'away.isOn' : 'away.isOff') })
    },
  })
  return (
    <>
      <p>
        <Status look={awayIsOn ? 'ok' : 'info'}>{t(awayIsOn ? 'away.isOn' : 'away.isOff')}</Status>{' '}
        {away && <a href="/me/filters/postwolke-away">{t('away.script')}</a>}
      </p>
      <p class="hint">{t('away.hint')}</p>
      <FormBody form={form} label={t('me.tab.away')} verb={t('act.save')} needsChange>
        <CheckField form={form} name="isOn" label={t('away.on')} />
        <TextField form={form} name="from" type="date" label={t('away.from')} size="short" />
        <TextField
          form={form}
          name="until"
          type="date"
          label={t('away.until')}
          hint={t('away.untilHint')}
          size="short"
        />
        <TextField form={form} name="subject" label={t('rules.subject')} />
        <TextField form={form} name="text" label={t('away.text')} rows={8} />
        <TextField
          form={form}
          name="addresses"
          label={t('away.addresses')}
          hint={t('away.addressesHint')}
          isMono
        />
      </FormBody>
    </>
  )
}
