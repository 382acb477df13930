// The frame of an administrator: entries at the side, search above, the screen.

import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Button } from '../kit/button.tsx'
import { Icon } from '../kit/icon.tsx'
import { t } from '../kit/language.ts'
import { navigate, place } from '../kit/location.ts'
import { useShortcuts } from '../kit/shortcuts.ts'
import type { Entry } from '../routes.ts'
import { AccountMenu } from './account-menu.tsx'
import { Connection } from './connection.tsx'
import { letters, visibleEntries } from './entries.ts'
import { openKeys } from './keys.tsx'
import { openPalette } from './palette.tsx'

export function Frame({
  entry: current,
  children,
}: {
  readonly entry: Entry | undefined
  readonly children: ComponentChildren
}) {
  const [isOpen, setOpen] = useState(false)
  const shown = visibleEntries()
  useEffect(() => setOpen(false), [place.value])
  useShortcuts({
    '/': openPalette,
    'Ctrl+k': openPalette,
    '?': openKeys,
    Escape: () => (isOpen ? setOpen(false) : history.length > 1 && history.back()),
    ...Object.fromEntries(
      shown.map(({ entry, href }) => [`g ${letters[entry]}`, () => void navigate(href)]),
    ),
    'g m': () => void navigate('/me'),
  })
  return (
    <div class="frame">
      <a class="skip" href="#main">
        {t('frame.skip')}
      </a>
      <header class="bar">
        <Button
          look="quiet"
          icon="menu"
          class="only-phone"
          aria-label={t('frame.menu')}
          aria-expanded={isOpen}
          onPress={() => setOpen(!isOpen)}
        />
        <a class="brand" href="/" aria-label="Postwolke">
          <Icon name="mail" />
          <span>Postwolke</span>
        </a>
        <button type="button" class="search-button" onClick={openPalette}>
          <Icon name="search" />
          <span>{t('frame.search')}</span>
          <kbd>Ctrl K</kbd>
        </button>
        <AccountMenu />
      </header>
      <nav class={isOpen ? 'side open' : 'side'} aria-label={t('frame.entries')}>
        {shown.map(({ entry, href }) => (
          <a key={entry} href={href} {...(entry === current && { 'aria-current': 'page' })}>
            <Icon name={entry} />
            <span>{t(`entry.${entry}`)}</span>
          </a>
        ))}
      </nav>
      <main class="main" id="main" tabIndex={-1}>
        <Connection />
        {children}
      </main>
    </div>
  )
}
