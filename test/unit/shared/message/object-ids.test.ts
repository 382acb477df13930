import { describe, expect, it } from 'vitest'
import type { BlobId } from '#shared/contracts/mailbox.ts'
import { emailId, threadId } from '#shared/message/object-ids.ts'

const blobId = 'b1' as BlobId

// RFC 8474 §5.1
describe('emailId', () => {
  it('is the same for all copies of a message', () => {
    expect(emailId({ blobId, prepend: '' })).toBe('b1')
    const prepend = 'Delivered-To: ann@example.test\r\n'
    expect(emailId({ blobId, prepend })).toBe(emailId({ blobId, prepend }))
  })

  it('is another for what is delivered with other header fields', () => {
    const ids = ['', 'Delivered-To: ann@a.test\r\n', 'Delivered-To: bob@a.test\r\n'].map(
      (prepend) => emailId({ blobId, prepend }),
    )
    expect(new Set(ids).size).toBe(3)
    // RFC 8474 §7: objectid = 1*255(ALPHA / DIGIT / "_" / "-")
    for (const id of ids) expect(id).toMatch(/^[\w-]{1,255}$/)
  })
})

// RFC 8474 §5.2
describe('threadId', () => {
  const none = { inReplyTo: null, messageId: null }
  const of = (header: string, envelope: Partial<typeof none | Record<string, string>> = {}) =>
    threadId(`${header}\r\n`, { ...none, ...envelope }, blobId)
  const root = of('', { messageId: '<root@x>' })

  it('is that of the message the references begin with', () => {
    expect(of('References: <root@x> <a@x>\r\n', { messageId: '<b@x>' })).toBe(root)
    expect(of('references:\r\n <root@x>\r\n', { inReplyTo: '<a@x>' })).toBe(root)
    expect(of('References: <a@x> <root@x>\r\n')).not.toBe(root)
    expect(root).toMatch(/^T[\w-]{22}$/)
  })

  it('is that of the message it answers where nothing is referred to', () => {
    expect(of('References: nonsense\r\n', { inReplyTo: '<root@x>', messageId: '<b@x>' })).toBe(root)
  })

  it('knows an id in any spelling', () => {
    expect(of('References: <"root"@x>\r\n')).toBe(root)
  })

  it('is of the message itself where it has no id, for all its copies', () => {
    expect(of('')).toBe(of('Subject: s\r\n'))
    expect(of('')).not.toBe(threadId('\r\n', none, 'b2' as BlobId))
  })
})
