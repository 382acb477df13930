import { describe, expect, it } from 'vitest'
import { createMessageOpener } from '#shared/message/message-opener.ts'
import { storedMessage } from '#test/support/stored-message.ts'

describe('createMessageOpener', () => {
  const stored = storedMessage('Subject: s\r\n\r\nbody\r\n', { prepend: 'Delivered-To: a@x\r\n' })

  it('opens a message with the header fields of its recipient', async () => {
    const opener = createMessageOpener({ blob: async () => stored.blob, objects: stored.object })
    const opened = await opener.open(stored.record)
    const bytes = Buffer.concat(await Array.fromAsync(opened?.stream() ?? []))
    expect(bytes.toString()).toBe('Delivered-To: a@x\r\nSubject: s\r\n\r\nbody\r\n')
    expect(opened?.size).toBe(stored.record.size)
  })

  it('knows nothing of a message whose blob is gone', async () => {
    const opener = createMessageOpener({ blob: async () => undefined, objects: stored.object })
    expect(await opener.open(stored.record)).toBeUndefined()
  })
})
