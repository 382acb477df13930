import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { scanTable } from '#shared/storage/aws/scan.ts'
import type { Item } from '#shared/storage/ports.ts'
import { createTestAws, hasDynamoDb } from '#test/support/emulators/open-test-aws-store.ts'

const ITEMS = 60
const BYTES = 100_000

describe.skipIf(!(await hasDynamoDb()))('scanTable', () => {
  it('gives every item once, expired ones too, over many pages, and says what it cost', async () => {
    const aws = await createTestAws()
    if (aws === undefined) throw new Error('this needs DynamoDB Local')
    await using store = await aws.open()
    const filler = randomBytes(BYTES)
    const puts = Array.from({ length: ITEMS }, (_, n) => ({
      put: { pk: `B#${n % 7}`, sk: `${n}`, filler, ...(n === 3 && { ttl: 1 }) },
    }))
    await store.tables.mail.batchWrite(puts)
    const pages: (readonly Item[])[] = []
    const units = await scanTable(aws.clients.dynamo, aws.options.tables.mail, (page) => {
      pages.push(page)
    })
    const names = pages.flat().map(({ pk, sk }) => `${pk} ${sk}`)
    expect(names.sort()).toEqual(puts.map(({ put: { pk, sk } }) => `${pk} ${sk}`).sort())
    // Of a megabyte each.
    expect(pages.length).toBeGreaterThanOrEqual((ITEMS * BYTES) / 1_100_000)
    // Consistent: a unit for 4 KB.
    expect(units).toBeGreaterThanOrEqual((ITEMS * BYTES) / 4_096)
  })

  it('passes on what went wrong with a page', async () => {
    const aws = await createTestAws()
    if (aws === undefined) throw new Error('this needs DynamoDB Local')
    await using store = await aws.open()
    await store.tables.queue.write({ put: { pk: 'Q#1', sk: 'META' } })
    const scan = scanTable(aws.clients.dynamo, aws.options.tables.queue, () => {
      throw new Error('no room')
    })
    await expect(scan).rejects.toThrow('no room')
  })
})
