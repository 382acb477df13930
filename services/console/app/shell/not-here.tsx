// An address that leads nowhere, and one that leads to what is not one's own business.

import type { Right } from '#shared/administration/rights/rights.ts'
import { current } from '../api/session.ts'
import { ButtonLink } from '../kit/button.tsx'
import { t, tIfKnown } from '../kit/language.ts'
import { place } from '../kit/location.ts'
import { Empty, Page } from '../kit/panel.tsx'

export function NotHere() {
  return (
    <Page title={t('notHere.title')}>
      <Empty icon="search" title={t('notHere.text', { path: place.value.path })}>
        <ButtonLink href="/">{t('notHere.home')}</ButtonLink>
      </Empty>
    </Page>
  )
}

export function NoRight({ right }: { readonly right: Right | undefined }) {
  const role = current()?.role ?? 'holder'
  return (
    <Page title={t('noRight.title')}>
      <Empty icon="key" title={t('noRight.text', { role: tIfKnown(`role.${role}`) ?? role })}>
        <p>{t('noRight.ask', { right: right ?? '' })}</p>
        <ButtonLink href="/">{t('notHere.home')}</ButtonLink>
      </Empty>
    </Page>
  )
}
