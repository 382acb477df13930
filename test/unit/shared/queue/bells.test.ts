import { expect, it } from 'vitest'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { asFlush, formatBell, parseBell } from '#shared/queue/bells.ts'

const queueId = '01KAF0ZW00ABCDEFGH' as QueueId

it.each(['a.test/0', 'error:5.1.2 no such host/3', 'lmtp:unix:/run/lmtp/1'])(
  'a bell names the group %s',
  (name) => {
    const bell = formatBell({ queueId, name })
    expect(bell).toBe(`${queueId} ${name}`)
    expect(parseBell(bell)).toEqual({ queueId, group: name, isFlush: false })
    expect(parseBell(asFlush(bell))).toEqual({ queueId, group: name, isFlush: true })
    expect(formatBell({ queueId, name }, { isFlush: true })).toBe(asFlush(bell))
  },
)

it.each(['', ' ', queueId, 'x a.test/0', `!!${queueId} a.test/0`])('%j is none', (text) => {
  expect(parseBell(text)).toBeUndefined()
})
