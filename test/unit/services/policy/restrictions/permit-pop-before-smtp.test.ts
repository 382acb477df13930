import { expect, it, onTestFinished } from 'vitest'
import { permit_pop_before_smtp } from '#services/policy/restrictions/permit-pop-before-smtp.ts'
import { createRecentLogins } from '#shared/auth/pop-before-smtp.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Directory } from '#shared/directory/directory.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import {
  defaultSettings,
  judgeWord,
  known,
  knownOfClient,
  stranger,
} from '#test/support/policy-facts.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

it('permits whoever connects from where somebody logged in', async () => {
  const clock = new ManualClock(Date.now())
  const { store, close } = await openEmbedded({ clock })
  onTestFinished(close)
  const { counters } = store.tables
  const account = { id: 'a'.repeat(26) as AccountId, login: 'ann@example.test', sessionsEpoch: 0 }
  const accounts = { byId: async () => ({ enabled: true, sessionsEpoch: 0 }) as AccountRecord }
  const directory: Directory = Object.create({ accounts })
  const deps = { counters, clock, directory }
  await createRecentLogins({ counters, accounts, options: defaultSettings, clock }).note(
    stranger.remoteAddress,
    account,
  )
  expect(await judgeWord(permit_pop_before_smtp, known(), deps)).toEqual({ kind: 'permit' })
  expect(await judgeWord(permit_pop_before_smtp, knownOfClient(), deps)).toEqual({ kind: 'permit' })
  const elsewhere = known({ origin: { ...stranger, remoteAddress: '203.0.113.6' } })
  expect(await judgeWord(permit_pop_before_smtp, elsewhere, deps)).toEqual({ kind: 'dunno' })
})
