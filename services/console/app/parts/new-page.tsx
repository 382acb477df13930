// The page on which something new is made: its form, the verb, and the way back to the list it will stand in.

import type { ComponentChildren } from 'preact'
import { ButtonLink } from '../kit/button.tsx'
import { type Form, FormBody, type Values } from '../kit/form.tsx'
import { t } from '../kit/language.ts'
import { Page } from '../kit/panel.tsx'

export function NewPage<V extends Values>({
  title,
  list,
  verb,
  form,
  children,
}: {
  readonly title: string
  readonly list: { readonly href: string; readonly label: string }
  readonly verb: string
  readonly form: Form<V>
  readonly children: ComponentChildren
}) {
  return (
    <Page title={title} back={list}>
      <FormBody
        form={form}
        label={title}
        verb={verb}
        cancel={<ButtonLink href={list.href}>{t('act.cancel')}</ButtonLink>}
      >
        {children}
      </FormBody>
    </Page>
  )
}
