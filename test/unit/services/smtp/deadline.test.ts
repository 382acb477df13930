import { describe, expect, it } from 'vitest'
import { PROGRESS_BYTES_MIN } from '#services/smtp/config.ts'
import { ClientDeadline } from '#services/smtp/deadline.ts'

function deadlineAt(start: number) {
  const hands = { now: start }
  const clock = { now: () => hands.now, sleep: async () => {} }
  return { hands, deadline: new ClientDeadline(clock, 100) }
}

describe('ClientDeadline', () => {
  it('is over after the timeout, not before', () => {
    const { deadline } = deadlineAt(1_000)
    expect(deadline.isOver(1_099)).toBe(false)
    expect(deadline.isOver(1_100)).toBe(true)
  })

  it('is not put off by less than a command or enough bytes', () => {
    const { hands, deadline } = deadlineAt(0)
    hands.now = 99
    deadline.noteBytes(PROGRESS_BYTES_MIN - 1)
    deadline.resume()
    expect(deadline.isOver(100)).toBe(true)
    deadline.noteBytes(1)
    deadline.resume()
    expect(deadline.isOver(100)).toBe(false)
    expect(deadline.isOver(199)).toBe(true)
  })

  it('stands still while it is our turn', () => {
    const { hands, deadline } = deadlineAt(0)
    deadline.suspend()
    expect(deadline.isOver(1_000_000)).toBe(false)
    hands.now = 500
    deadline.resume()
    expect(deadline.isOver(599)).toBe(false)
    expect(deadline.isOver(600)).toBe(true)
  })
})
