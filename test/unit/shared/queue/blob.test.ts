import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeIndex, encodeIndex } from '#shared/mail/index-codec.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import { blobId, mailboxBlobOf, markDead } from '#shared/queue/blob.ts'
import { queuedMessage } from '#test/support/mail-queue.ts'
import { manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const host = 'mx.example.test'

describe('a queued message as a blob', () => {
  const indexer = new MessageIndexer()
  indexer.push(Buffer.from('Subject: a\r\n\r\nbody\r\n'))
  const index = encodeIndex(indexer.finish())
  const message = queuedMessage(0, { index, headerBytes: 14, completes: true })

  it('is its own object, whole, under its own name, with its final fields before it', () => {
    const plain = { ...message, completes: false, object: { ...message.object, length: 20 } }
    expect(mailboxBlobOf(plain, host)).toEqual({
      id: message.queueId,
      object: { key: `mail/${message.queueId}`, offset: 0, length: 20 },
      prepend: 'Return-Path: <sender@far.example>\r\n',
      index,
      headerBytes: 14,
    })
  })

  it('has an index that knows the fields which were added for a client', () => {
    expect(decodeIndex(index).envelope.messageId).toBeNull()
    const { envelope } = decodeIndex(mailboxBlobOf(message, host).index)
    expect(envelope.messageId).toBe(`<${message.queueId}@${host}>`)
  })
})

describe('an object that nobody may refer to', () => {
  let opened: OpenedEmbedded
  const clock = manualClock()
  beforeEach(async () => {
    opened = await openEmbedded({ clock })
  })
  afterEach(() => opened.close())

  it('is marked dead, so that it is deleted after its grace time', async () => {
    const { mail } = opened.store.tables
    const { queueId } = queuedMessage(clock.now())
    await markDead(mail, queueId, clock.now())
    expect(await mail.get(blobKey(blobId(queueId)))).toMatchObject({
      key: `mail/${queueId}`,
      refs: 0,
      deadPk: 'DEAD',
    })
  })

  it('is left alone where it became a blob, or is dead already', async () => {
    const { mail } = opened.store.tables
    const { queueId } = queuedMessage(clock.now())
    const put = { ...blobKey(blobId(queueId)), refs: 3 }
    await mail.write({ put })
    await markDead(mail, queueId, clock.now())
    expect(await mail.get(put)).toEqual(put)
  })
})
