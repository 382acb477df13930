import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { StartFailure } from '#services/assembly/start-failure.ts'
import { openBackend } from '#services/aws/open-backend.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { checkStoreFormat, raiseStoreFormat } from '#shared/storage/aws/store-format.ts'
import { STORE_FORMAT } from '#shared/storage/format.ts'
import type { Table } from '#shared/storage/ports.ts'
import { UnusableStore } from '#shared/storage/unusable-store.ts'
import { createTestAws, hasDynamoDb } from '#test/support/emulators/open-test-aws-store.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const key = { pk: 'STORE', sk: 'FORMAT' }

describe('the format of a deployment', () => {
  let opened: OpenedEmbedded
  let directory: Table
  beforeEach(async () => {
    opened = await openEmbedded()
    directory = opened.store.tables.directory
  })
  afterEach(() => opened.close())
  const stored = () => directory.get(key, { consistent: true })

  it('is the first one where nothing says it, which every program knows', async () => {
    await checkStoreFormat(directory, 1)
    expect(await stored()).toBeUndefined()
  })

  it('is written where there is none, and raised where it is older', async () => {
    await raiseStoreFormat(directory, 1)
    expect(await stored()).toEqual({ ...key, format: 1 })
    await raiseStoreFormat(directory, 2)
    expect(await stored()).toEqual({ ...key, format: 2 })
  })

  it('is never lowered, whoever is faster', async () => {
    await raiseStoreFormat(directory, 2)
    await raiseStoreFormat(directory, 1)
    expect(await stored()).toEqual({ ...key, format: 2 })
    const late: Table = new Proxy(directory, {
      get(table, name: keyof Table) {
        if (name !== 'write') return table[name].bind(table)
        return async (write: Parameters<Table['write']>[0]) => {
          await raiseStoreFormat(directory, 4)
          return table.write(write)
        }
      },
    })
    await raiseStoreFormat(late, 3)
    expect(await stored()).toEqual({ ...key, format: 4 })
  })

  it('is refused where it is newer, in words that name both and what to do', async () => {
    await raiseStoreFormat(directory, 3)
    await checkStoreFormat(directory, 3)
    await checkStoreFormat(directory, 4)
    const refused = checkStoreFormat(directory, 2)
    await expect(refused).rejects.toThrow(UnusableStore)
    await expect(refused).rejects.toThrow(
      'it was written by a newer version of Postwolke (format 3, this one knows 2); use that version',
    )
  })
})

describe('an entry on AWS', () => {
  it('says what keeps it from starting where the table does not answer or may not be read', async () => {
    const loaded = loadSettings({ environment: {}, overrides: ['hostname=mx.example.test'] })
    if (loaded.kind !== 'ok') throw new Error('not prepared')
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', 'http://127.0.0.1:9')
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
    onTestFinished(() => void vi.unstubAllEnvs())
    const starting = openBackend({
      environment: { DIRECTORY_TABLE: 'directory' },
      settings: loaded.settings,
      loadSettings: async () => loaded,
      changeLog() {},
      log: silentLog,
      region: 'eu-central-1',
    })
    await expect(starting).rejects.toThrow(StartFailure)
    await expect(starting).rejects.toThrow(/^cannot open the store: GetItem: .*ECONNREFUSED/)
  })
})

describe.skipIf(!(await hasDynamoDb()))('an entry on AWS', () => {
  it('does not start on what a newer version left', async () => {
    const aws = await createTestAws()
    const loaded = loadSettings({ environment: {}, overrides: ['hostname=mx.example.test'] })
    if (aws === undefined || loaded.kind !== 'ok') throw new Error('not prepared')
    const { tables, endpoints } = aws.options
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', endpoints?.dynamodb)
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
    onTestFinished(() => void vi.unstubAllEnvs())
    const environment = { DIRECTORY_TABLE: tables.directory }
    const region = 'eu-central-1'
    const open = () =>
      openBackend({
        ...{ environment, settings: loaded.settings, log: silentLog, region },
        loadSettings: async () => loaded,
        changeLog() {},
      })
    await using store = await aws.open()
    await raiseStoreFormat(store.tables.directory, STORE_FORMAT)
    const { store: own } = await open()
    await own[Symbol.asyncDispose]()
    await raiseStoreFormat(store.tables.directory, STORE_FORMAT + 1)
    const starting = open()
    await expect(starting).rejects.toThrow(StartFailure)
    await expect(starting).rejects.toThrow(
      `cannot open the store: it was written by a newer version of Postwolke (format ${STORE_FORMAT + 1}, this one knows ${STORE_FORMAT})`,
    )
  })
})
