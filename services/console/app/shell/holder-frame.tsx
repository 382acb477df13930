// The frame of somebody who has mail here and administers nothing: their own pages, and no more around them.

import type { ComponentChildren } from 'preact'
import { Icon } from '../kit/icon.tsx'
import { useShortcuts } from '../kit/shortcuts.ts'
import { AccountMenu } from './account-menu.tsx'
import { Connection } from './connection.tsx'
import { openKeys } from './keys.tsx'

export function HolderFrame({ children }: { readonly children: ComponentChildren }) {
  useShortcuts({ '?': openKeys })
  return (
    <div class="frame holder">
      <header class="bar">
        <a class="brand" href="/me">
          <Icon name="mail" />
          <span>Postwolke</span>
        </a>
        <AccountMenu />
      </header>
      <main class="main" id="main">
        <Connection />
        {children}
      </main>
    </div>
  )
}
