import { describe, expect, it } from 'vitest'
import { completed } from '#services/imap/command.ts'
import { withReading } from '#services/imap/search/search-folder.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { SEARCH_BYTES_MAX, SearchTooLarge } from '#shared/search/memory.ts'
import { quietWire } from '#test/support/quiet-wire.ts'
import { MessageStore } from '#test/unit/shared/search/message-store.ts'

const { blobs, objects } = new MessageStore().reading()
const session = { tag: 'a1', deps: { mailbox: { blobs }, objects, clock: systemClock } }

describe('withReading', () => {
  // RFC 5530 §3: what can never be done is LIMIT, what may be tried again is UNAVAILABLE.
  it('answers a search that is too large', async () => {
    const answered = await withReading(session, quietWire, async ({ memory }) => {
      memory.hold(SEARCH_BYTES_MAX + 1)
      return completed('SEARCH')
    })
    expect(answered).toMatchObject({ status: 'NO', code: 'LIMIT' })
  })

  it('answers a search that others leave no memory', async () => {
    const answered = await withReading(session, quietWire, () =>
      Promise.reject(new SearchTooLarge('all searches')),
    )
    expect(answered).toMatchObject({ status: 'NO', code: 'UNAVAILABLE' })
  })
})
