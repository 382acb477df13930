import { describe, expect, it } from 'vitest'
import { createBlobs } from '#shared/mailbox/blobs.ts'
import { account, blobIds, fill, openTestMailbox } from '#test/support/mailbox.ts'

describe('blobs', () => {
  it('come in the order asked for, in one read, and from memory afterwards', async () => {
    await using test = await openTestMailbox()
    await fill(test.mailbox, await test.mailbox.inbox(account), 'a', 'b', 'c')
    const table = test.store.tables.mail
    const asked: string[] = []
    const counted: typeof table = Object.create(table)
    counted.batchGet = (keys, options) => {
      asked.push(`${keys.map(({ pk }) => pk).join(' ')} ${options?.consistent === true}`)
      return table.batchGet(keys, options)
    }
    const { blobs, blob } = createBlobs({ table: counted })
    const found = await blobs(blobIds('c', 'a', 'none', 'c'))
    expect(found.map((one) => one?.id)).toEqual(['c', 'a', undefined, 'c'])
    expect(asked).toEqual(['B#c B#a B#none false', 'B#none true'])
    asked.length = 0
    expect((await blobs(blobIds('a', 'b', 'c'))).map((one) => one?.id)).toEqual(['a', 'b', 'c'])
    expect(asked).toEqual(['B#b false'])
    const [id] = blobIds('b')
    expect(id && (await blob(id))?.object.key).toBe('mail/b')
  })

  it('stay in memory up to a number of bytes, the most recently used', async () => {
    await using test = await openTestMailbox()
    const ids = ['a', 'b', 'c', 'd']
    await fill(test.mailbox, await test.mailbox.inbox(account), ...ids)
    const table = test.store.tables.mail
    let reads = 0
    const counted: typeof table = Object.create(table)
    counted.batchGet = (keys, options) => {
      reads += keys.length
      return table.batchGet(keys, options)
    }
    const { blobs } = createBlobs({ table: counted }, { cacheBytesMax: 1_200 })
    await blobs(blobIds('a', 'b'))
    await blobs(blobIds('a'))
    await blobs(blobIds('c'))
    reads = 0
    await blobs(blobIds('a', 'c'))
    expect(reads).toBe(0)
    await blobs(blobIds('b'))
    expect(reads).toBe(1)
  })
})
