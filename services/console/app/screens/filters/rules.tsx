// Simple rules: what has a text in a field goes somewhere. The server writes them as a script.

import { Button } from '../../kit/button.tsx'
import { Dialog, show } from '../../kit/dialog.tsx'
import { CheckField, FormBody, SelectField, TextField, useForm } from '../../kit/form.tsx'
import { Foreign } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Empty, Loaded, Panel, Status } from '../../kit/panel.tsx'
import { toast } from '../../kit/toast.tsx'
import type { useVersioned } from '../../kit/versioned.tsx'
import type { Filters, Rule } from './filters-api.ts'

export function Rules({ filters }: { readonly filters: ReturnType<typeof useVersioned<Filters>> }) {
  const save = async (rules: readonly Rule[]) => {
    const as = { method: 'PUT', below: '/rules' } as const
    const saved = await filters.patch({ rules }, { rules: t('rules.title') }, as)
    if (saved === 'saved') toast({ text: t('saved') })
  }
  const rules = filters.value?.body.rules
  return (
    <Panel
      title={t('rules.title')}
      actions={
        rules && (
          <Button
            icon="plus"
            look="filled"
            onPress={() =>
              show((close) => <Add close={close} add={(rule) => save([...rules, rule])} />)
            }
          >
            {t('rules.add')}
          </Button>
        )
      }
    >
      <p class="hint">{t('rules.text')}</p>
      <Loaded of={filters}>
        {({ body }) =>
          body.rules === null ? (
            <p>{t('rules.byHand')}</p>
          ) : body.rules.length === 0 ? (
            <Empty icon="policy" title={t('rules.none')} />
          ) : (
            <>
              {!body.rulesAreOn && (
                <p class="form-actions">
                  <Status look="warn">{t('rules.off', { name: body.active ?? '–' })}</Status>
                  <Button onPress={() => save(body.rules ?? [])}>{t('rules.turnOn')}</Button>
                </p>
              )}
              <ul class="items">
                {body.rules.map((rule, i) => (
                  <li key={i}>
                    <div>
                      {t(`rules.${rule.field}`)} <Foreign text={rule.contains} />:{' '}
                      <Done action={rule.action} />
                    </div>
                    <Button
                      aria-label={`${t('act.remove')}: ${rule.contains}`}
                      onPress={() => save((body.rules ?? []).filter((_, other) => other !== i))}
                    >
                      {t('act.remove')}
                    </Button>
                  </li>
                ))}
              </ul>
            </>
          )
        }
      </Loaded>
    </Panel>
  )
}

function Done({ action }: Pick<Rule, 'action'>) {
  switch (action.kind) {
    case 'file':
      return (
        <>
          {t('rules.file')} <Foreign text={action.folder} />
        </>
      )
    case 'flag':
      return <>{t(`rules.${action.flag}`)}</>
    case 'forward':
      return (
        <>
          {t(action.keep ? 'rules.copyTo' : 'rules.forward')} <Foreign text={action.to} />
        </>
      )
    case 'discard':
      return <>{t('rules.discard')}</>
  }
}

const fields = ['from', 'to', 'subject'] as const
const acts = ['file', 'flagged', 'seen', 'forward', 'discard'] as const

function Add({
  add,
  close,
}: {
  readonly add: (rule: Rule) => Promise<void>
  readonly close: () => void
}) {
  const form = useForm({
    initial: { field: 'from', contains: '', act: 'file', folder: '', to: '', keep: true },
    isFleeting: true,
    names: { rules: 'contains' },
    async send({ field, contains, act, folder, to, keep }) {
      const action: Rule['action'] =
        act === 'file'
          ? { kind: act, folder: folder.trim() }
          : act === 'forward'
            ? { kind: act, to: to.trim(), keep }
            : act === 'discard'
              ? { kind: act }
              : { kind: 'flag', flag: act === 'seen' ? act : 'flagged' }
      const named = fields.find((each) => each === field) ?? 'from'
      await add({ field: named, contains: contains.trim(), action })
      close()
    },
  })
  const { act } = form.values
  return (
    <Dialog title={t('rules.add')} onClose={close}>
      <FormBody
        form={form}
        label={t('rules.add')}
        verb={t('act.save')}
        cancel={<Button onPress={() => close()}>{t('act.cancel')}</Button>}
      >
        <SelectField
          form={form}
          name="field"
          label={t('rules.if')}
          options={fields.map((value) => ({ value, label: t(`rules.${value}`) }))}
        />
        <TextField form={form} name="contains" label={t('rules.contains')} autofocus />
        <SelectField
          form={form}
          name="act"
          label={t('rules.then')}
          options={acts.map((value) => ({ value, label: t(`rules.${value}`) }))}
        />
        {act === 'file' && <TextField form={form} name="folder" label={t('rules.folder')} />}
        {act === 'forward' && (
          <>
            <TextField form={form} name="to" type="email" label={t('rules.address')} isMono />
            <CheckField form={form} name="keep" label={t('account.keep')} />
          </>
        )}
      </FormBody>
    </Dialog>
  )
}
