// Says that the server does not answer, for as long as that is so.

import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { call, watchReachable } from '../api/client.ts'
import { Icon } from '../kit/icon.tsx'
import { t } from '../kit/language.ts'

const isGone = signal(false)
watchReachable((isReachable) => {
  isGone.value = !isReachable
})

const ASK_MS = 2_000
const ASK_MS_MAX = 30_000

export function Connection() {
  useEffect(() => {
    if (!isGone.value) return
    let wait = ASK_MS
    let timer = setTimeout(async function again() {
      await call('GET', '/session', { isSignIn: true }).catch(() => undefined)
      wait = Math.min(wait * 2, ASK_MS_MAX)
      timer = setTimeout(again, wait)
    }, wait)
    return () => clearTimeout(timer)
  }, [isGone.value])
  if (!isGone.value) return null
  return (
    <p class="notice warn connection" role="status">
      <Icon name="warn" />
      {t('state.reconnecting')}
    </p>
  )
}
