import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '#shared/runtime/clock.ts'
import { replaceItems } from '#shared/storage/aws/replace-table.ts'
import { raiseStoreFormat } from '#shared/storage/aws/store-format.ts'
import { STORE_FORMAT } from '#shared/storage/format.ts'
import type { Item, Store } from '#shared/storage/ports.ts'
import { UnusableStore } from '#shared/storage/unusable-store.ts'
import {
  createTestAws,
  hasDynamoDb,
  type TestAws,
} from '#test/support/emulators/open-test-aws-store.ts'

const formatKey = { pk: 'STORE', sk: 'FORMAT' }

describe.skipIf(!(await hasDynamoDb()))('a restored table', () => {
  const resources = new AsyncDisposableStack()
  let aws: TestAws
  let restored: TestAws
  let store: Store
  let before: Store

  async function prepared(): Promise<TestAws> {
    const made = await createTestAws()
    if (made === undefined) throw new Error('not prepared')
    return made
  }
  beforeEach(async () => {
    aws = await prepared()
    restored = await prepared()
    store = resources.use(await aws.open())
    before = resources.use(await restored.open())
    await put(store, { pk: 'D#example.test', sk: 'L#new' })
    await put(before, { pk: 'D#example.test', sk: 'L#old' })
  })
  afterAll(() => resources.disposeAsync())

  const put = (to: Store, item: Item) => to.tables.directory.write({ put: item })
  const formatOf = async ({ tables }: Store) =>
    (await tables.directory.get(formatKey, { consistent: true }))?.format
  const addresses = async ({ tables }: Store) => {
    const { items } = await tables.directory.query({ pk: 'D#example.test', consistent: true })
    return items.map(({ sk }) => sk)
  }
  const replace = (from = restored.options.tables.directory) =>
    replaceItems({
      clients: aws.clients,
      directory: store.tables.directory,
      from: from ?? '',
      to: aws.options.tables.directory ?? '',
      change: (item) => item,
      clock: systemClock,
      progress: () => {},
    })

  it('takes the place of the other', async () => {
    await replace()
    expect(await addresses(store)).toEqual(['L#old'])
  })

  it('from before there was a version leaves that of the deployment, whose other tables are of it', async () => {
    await raiseStoreFormat(store.tables.directory, STORE_FORMAT + 1)
    await replace()
    expect(await formatOf(store)).toBe(STORE_FORMAT + 1)
    await raiseStoreFormat(before.tables.directory, STORE_FORMAT)
    await replace()
    expect(await formatOf(store)).toBe(STORE_FORMAT + 1)
  })

  it('brings its version to a deployment that has none', async () => {
    await raiseStoreFormat(before.tables.directory, STORE_FORMAT)
    await replace()
    expect(await formatOf(store)).toBe(STORE_FORMAT)
  })

  it('of a newer program is refused, and nothing is removed for it', async () => {
    await raiseStoreFormat(before.tables.directory, STORE_FORMAT + 1)
    await expect(replace()).rejects.toThrow(UnusableStore)
    expect(await addresses(store)).toEqual(['L#new'])
    expect(await formatOf(store)).toBeUndefined()
  })

  it('that is not there costs nothing', async () => {
    await expect(replace('mistyped')).rejects.toThrow()
    expect(await addresses(store)).toEqual(['L#new'])
  })
})
