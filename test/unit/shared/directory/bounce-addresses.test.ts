import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createBounceAddresses } from '#shared/directory/bounce-addresses.ts'
import { SRS_PK } from '#shared/directory/records.ts'
import {
  createSrsSecrets,
  fileSrsSecrets,
  READ_MS,
  SRS_ROTATION_MS,
  SRS_SECRETS_MAX,
  SRS_VERIFIED_MS,
} from '#shared/directory/srs-secrets.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Table } from '#shared/storage/ports.ts'
import { fakeAccessTables } from '#test/support/access-tables.ts'
import { manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

let opened: OpenedEmbedded
let table: Table
beforeAll(async () => {
  opened = await openEmbedded()
  table = opened.store.tables.directory
})
afterEach(() => table.write({ delete: { pk: SRS_PK, sk: 'SECRETS' } }))
afterAll(() => opened.close())

const clock = manualClock()
const secretsOf = (of: Pick<Table, 'get' | 'write'> = table) =>
  createSrsSecrets({ table: of, clock })

function addressesOf(secrets = secretsOf(), { srs = true, exclude = [] as string[] } = {}) {
  return createBounceAddresses({
    secrets,
    maps: fakeAccessTables(),
    options: {
      srs,
      domain: parseDomain('fwd.test'),
      srsHashLength: 6,
      srsExcludeDomains: [{ kind: 'inline', entries: exclude.map((key) => ({ key, result: '' })) }],
    },
    clock,
  })
}

async function unwrapped(text: string, addresses = addressesOf()) {
  const address = parseAddress(text)
  const found = address && (await addresses.unwrap(address))
  return found?.kind === 'sender' ? formatAddress(found.address) : found?.kind
}

describe('senders of forwarded mail', () => {
  it('are rewritten with a secret that is made for the first, and turned back by any process', async () => {
    const made = await addressesOf().wrap('ann@far.test')
    expect(made).toMatch(/^SRS0=[\w-]{6}=..=far\.test=ann@fwd\.test$/)
    expect(await unwrapped(made)).toBe('ann@far.test')
  })

  it('stay as they are where they are ours, no address, excluded, or nothing is to be rewritten', async () => {
    expect(await addressesOf().wrap('')).toBe('')
    expect(await addressesOf().wrap('nobody')).toBe('nobody')
    expect(await addressesOf().wrap('SRS0=x@fwd.test')).toBe('SRS0=x@fwd.test')
    const exclude = ['far.test', '.below.test']
    const excluding = addressesOf(secretsOf(), { exclude })
    expect(await excluding.wrap('ann@far.test')).toBe('ann@far.test')
    expect(await excluding.wrap('ann@a.below.test')).toBe('ann@a.below.test')
    expect(await excluding.wrap('ann@other.test')).not.toBe('ann@other.test')
    expect(await addressesOf(secretsOf(), { srs: false }).wrap('ann@far.test')).toBe('ann@far.test')
  })

  it('come back after rewriting was switched off, and are nothing where none was ever made', async () => {
    expect(await unwrapped('SRS0=aaaaaa=AA=far.test=ann@fwd.test')).toBeUndefined()
    const made = await addressesOf().wrap('ann@far.test')
    const off = addressesOf(secretsOf(), { srs: false })
    expect(await unwrapped(made, off)).toBe('ann@far.test')
    expect(await unwrapped(made.replace('=ann', '=bob'), off)).toBe('forged')
  })
})

describe('their secrets', () => {
  it('are made once, by whoever is first', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => secretsOf().forSigning()))
    expect(new Set(all.map(([first]) => first)).size).toBe(1)
    expect(all[0]?.[0]).toMatch(/^[\w-]{32}$/)
  })

  it('that another process has just made are found, with one reading in a second', async () => {
    const [signing, verifying] = [secretsOf(), secretsOf()]
    const addresses = addressesOf(verifying)
    await addressesOf(signing).wrap('ann@far.test')
    await verifying.forVerifying()
    await signing.rotate()
    const made = await addressesOf(signing).wrap('ann@far.test')
    // Whoever read them this very second does not again.
    expect(await unwrapped(made, addresses)).toBe('forged')
    clock.advance(READ_MS)
    expect(await unwrapped(made, addresses)).toBe('ann@far.test')
  })

  it('are read once a second, however many addresses are forged', async () => {
    let reads = 0
    const counting = {
      get: (...given: Parameters<Table['get']>) => {
        reads++
        return table.get(...given)
      },
      write: table.write.bind(table),
    }
    await secretsOf().rotate()
    const addresses = addressesOf(secretsOf(counting))
    for (let i = 0; i < 100; i++)
      await unwrapped(`SRS0=aaaaaa=AA=far.test=n${i}@fwd.test`, addresses)
    expect(reads).toBe(1)
    clock.advance(READ_MS)
    // At the same time too.
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        unwrapped(`SRS0=aaaaaa=AA=far.test=m${i}@fwd.test`, addresses),
      ),
    )
    for (let i = 0; i < 100; i++)
      await unwrapped(`SRS0=aaaaaa=AA=far.test=n${i}@fwd.test`, addresses)
    expect(reads).toBe(2)
  })

  it('sign for their time, and verify until nothing of theirs can come back', async () => {
    const [first] = await secretsOf().forSigning()
    clock.advance(SRS_ROTATION_MS - 1)
    expect(await secretsOf().forSigning()).toEqual([first])
    clock.advance(1)
    const [second, ...before] = await secretsOf().forSigning()
    expect(second).not.toBe(first)
    expect(before).toEqual([first])
    clock.advance(SRS_VERIFIED_MS - 1)
    await secretsOf().rotate()
    expect(await secretsOf().forVerifying()).toHaveLength(3)
    clock.advance(1)
    await secretsOf().rotate()
    // Of the first nothing is left: the second began to sign so long ago.
    expect(await secretsOf().forVerifying()).not.toContain(first)
    expect(await secretsOf().forVerifying()).toContain(second)
  })

  it('are no more than so many, whoever rotates them', async () => {
    for (let i = 0; i < SRS_SECRETS_MAX + 1; i++) await secretsOf().rotate()
    expect(await secretsOf().forVerifying()).toHaveLength(SRS_SECRETS_MAX)
  })

  it('may stand in a file, the one that signs first', async () => {
    let text = 'one\n\n two \r\n'
    const secrets = fileSrsSecrets({ read: async () => text, clock })
    expect(await secrets.forSigning()).toEqual(['one', 'two'])
    text = 'three\n'
    expect(await secrets.newer()).toBeUndefined()
    clock.advance(READ_MS)
    expect(await secrets.newer()).toEqual(['three'])
  })

  it('that cannot be read are no reason to let mail go with another sender', async () => {
    const secrets = fileSrsSecrets({ read: () => Promise.reject(new Error('EACCES')), clock })
    await expect(secrets.forSigning()).rejects.toThrow(TemporaryFailure)
  })
})
