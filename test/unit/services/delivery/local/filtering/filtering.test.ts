// What keeps mail out of trouble when scripts cannot be run at all: whose message it is has it, and nobody else waits for it.

import { describe, expect, it } from 'vitest'
import {
  createFiltering,
  type Facts,
  RUNS_BYTES_MAX,
} from '#services/delivery/local/filtering/filtering.ts'
import type { Letter } from '#services/delivery/local/letter.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { createSiteScripts } from '#shared/sieve/account/site-scripts.ts'
import { StorageMisuse } from '#shared/storage/ports.ts'
import { blob } from '#test/support/blob.ts'
import { account } from '#test/support/mailbox.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { aQueuedMessage } from '#test/support/queued-message.ts'

const letter: Letter = {
  message: aQueuedMessage(),
  account,
  blob: blob('b1'),
  recipient: {
    address: 'ann@example.test',
    accountId: account,
    extension: null,
    original: 'ann@example.test',
    notify: [],
    originalRecipient: null,
  },
  reserved: false,
  quota: { bytes: 0, messages: 0 },
}

/** Nobody waits until his time is over. */
const clock = {
  now: () => Date.UTC(2026, 10, 20),
  sleep: (_ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve())),
}
const never = () => Promise.reject(new Error('nothing of it is done'))

function filtering(facts: Facts) {
  const log = new MemoryLog()
  const { wholly: filter } = createFiltering({
    compiled: { get: async () => undefined },
    site: createSiteScripts({
      sieveBefore: [],
      sieveAfter: [],
      sieveDefault: '',
      sieveDomainDefaults: [],
    }),
    objects: { size: never, stream: never, read: never },
    facts,
    memory: { isNoted: never },
    doActions: never,
    tellOwner: never,
    extensions: new Set(),
    options: {
      recipientDelimiter: '+',
      sieveMaxRedirects: 4,
      sieveVacationMinPeriodMs: 1,
      sieveVacationDefaultPeriodMs: 1,
      sieveVacationMaxPeriodMs: 1,
      headerEdits: { valueBytes: 100, forbidAdd: [], forbidDelete: [] },
    },
    clock,
    log,
  })
  const run = (of = letter) =>
    filter(of, { script: { name: 'filter', version: 1 }, displayName: '' })
  return { log, run }
}

describe('a delivery whose scripts cannot be run', () => {
  it.each([new TypeError('bug'), new StorageMisuse('key too long')])(
    'is as without any, and told: %s',
    async (error) => {
      const { run, log } = filtering(() => Promise.reject(error))
      expect(await run()).toBeUndefined()
      expect(log.lines).toMatchObject([
        { level: 'error', fields: { to: 'ann@example.test', error } },
      ])
    },
  )

  it('waits where the store fails for now', async () => {
    const { run, log } = filtering(() => Promise.reject(new TemporaryFailure('no table')))
    await expect(run()).rejects.toThrow('no table')
    expect(log.lines).toEqual([])
  })
})

describe('the memory of all runs', () => {
  const MiB = 1024 * 1024

  /** How many of 100 run at once; all of them end. */
  async function atOnce(length: number): Promise<number> {
    let [running, most] = [0, 0]
    const { run } = filtering(async () => {
      running++
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      throw new TypeError('as far as needed')
    })
    const b1 = blob('b1')
    const large = { ...letter, blob: { ...b1, object: { ...b1.object, length } } }
    const all = await Promise.all(Array.from({ length: 100 }, () => run(large)))
    expect(all).toEqual(Array.from({ length: 100 }, () => undefined))
    return most
  }

  it.each([
    [2 * MiB, 15],
    [100 * MiB, Math.floor(RUNS_BYTES_MAX / (17 * MiB))],
  ])('has room for some with a message of %i bytes; the others wait', async (length, most) => {
    expect(await atOnce(length)).toBe(most)
  })

  it('has room for a hundred with a letter', async () => {
    expect(await atOnce(20_000)).toBe(100)
  })
})
