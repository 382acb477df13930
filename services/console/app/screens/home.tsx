// `/` leads on: an administrator to the first entry, a holder to their own pages.

import { useEffect } from 'preact/hooks'
import { isAdministrator } from '../api/session.ts'
import { navigate } from '../kit/location.ts'
import { visibleEntries } from '../shell/entries.ts'

export function screen() {
  useEffect(() => {
    const [first] = isAdministrator() ? visibleEntries() : []
    void navigate(first?.href ?? '/me', { replace: true })
  }, [])
  return null
}
