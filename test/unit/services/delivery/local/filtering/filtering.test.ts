// What keeps mail out of trouble when scripts cannot be run at all: whose message it is has it, and nobody else waits for it.

import { describe, expect, it } from 'vitest'
import { createFiltering } from '#services/delivery/local/filtering/filtering.ts'
import { createSiteScripts } from '#services/delivery/local/filtering/site-scripts.ts'
import type { Letter } from '#services/delivery/local/letter.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { StorageMisuse } from '#shared/storage/ports.ts'
import { blob } from '#test/support/blob.ts'
import { account } from '#test/support/mailbox.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { manualClock } from '#test/support/pipeline.ts'
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

const never = () => Promise.reject(new Error('nothing of it is done'))

function filtering(error: Error) {
  const log = new MemoryLog()
  const filter = createFiltering({
    compiled: { get: async () => undefined },
    site: createSiteScripts({
      sieveBefore: [],
      sieveAfter: [],
      sieveDefault: '',
      sieveDomainDefaults: [],
    }),
    objects: { size: never, stream: never, read: never },
    facts: () => Promise.reject(error),
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
    clock: manualClock(),
    log,
  })
  const run = () => filter(letter, { script: { name: 'filter', version: 1 }, displayName: '' })
  return { log, run }
}

describe('a delivery whose scripts cannot be run', () => {
  it.each([new TypeError('bug'), new StorageMisuse('key too long')])(
    'is as without any, and told: %s',
    async (error) => {
      const { run, log } = filtering(error)
      expect(await run()).toBeUndefined()
      expect(log.lines).toMatchObject([
        { level: 'error', fields: { to: 'ann@example.test', error } },
      ])
    },
  )

  it('waits where the store fails for now', async () => {
    const { run, log } = filtering(new TemporaryFailure('no table'))
    await expect(run()).rejects.toThrow('no table')
    expect(log.lines).toEqual([])
  })
})
