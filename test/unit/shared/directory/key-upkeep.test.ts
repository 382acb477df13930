// The life of a domain's keys, by a clock that is turned: made, published, seen, followed by the next, revoked, gone.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RETIRING_MS, REVOKED_MS } from '#shared/directory/key-rotation.ts'
import { createKeyUpkeep } from '#shared/directory/key-upkeep.ts'
import { noLimits } from '#shared/directory/records.ts'
import { keyRecordText, makePrivateKey } from '#shared/directory/signing-key.ts'
import { createSigningKeys, type SigningKey } from '#shared/directory/signing-keys.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const domain = 'ours.test' as Domain
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
// Their making is not what is looked at here.
const made = { rsa: await makePrivateKey('rsa'), ed25519: await makePrivateKey('ed25519') }

describe('the upkeep of signing keys', () => {
  let opened: OpenedEmbedded
  beforeEach(async () => {
    opened = await openEmbedded()
  })
  afterEach(() => opened.close())

  function world(rotation = 180 * DAY_MS) {
    const clock = manualClock()
    const log = new MemoryLog()
    const zone: { [name: string]: FakeZone[string] } = {}
    const resolver = createFakeResolver(zone)
    const keys = createSigningKeys({ table: opened.store.tables.directory })
    const upkeep = createKeyUpkeep({
      keys,
      domains: {
        async *list() {
          yield { domain, accounts: 0, aliases: 0, createdMs: 0, limits: noLimits }
        },
      },
      resolver,
      options: { dkimKeyRotation: rotation },
      makeKey: async (algorithm) => made[algorithm],
      clock,
      log,
    })
    const nameOf = ({ selector }: SigningKey) => `${selector}._domainkey.${domain}`
    return {
      clock,
      log,
      zone,
      questions: resolver.questions,
      upkeep,
      keys,
      /** `selector state` of each. */
      states: async () =>
        (await keys.of(domain)).map(({ selector, state }) => `${selector} ${state}`),
      async publish(which: (key: SigningKey) => boolean = () => true) {
        for (const key of await keys.of(domain)) {
          if (which(key)) zone[nameOf(key)] = { txt: [keyRecordText(key)] }
        }
      },
      withdraw(selector: string) {
        delete zone[`${selector}._domainkey.${domain}`]
      },
      async hours(count: number) {
        for (let i = 0; i < count; i++) {
          clock.advance(HOUR_MS)
          await upkeep.lookAtAll()
        }
      },
    }
  }

  it('makes both kinds, which sign when their records are seen and not before', async () => {
    const { upkeep, states, publish, hours } = world()
    await upkeep.lookAtAll()
    expect(await states()).toEqual(['20261120-rsa waiting', '20261120-ed25519 waiting'])
    await hours(3)
    expect(await states()).toEqual(['20261120-rsa waiting', '20261120-ed25519 waiting'])
    await publish(({ algorithm }) => algorithm === 'rsa')
    await hours(1)
    expect(await states()).toEqual(['20261120-rsa active', '20261120-ed25519 waiting'])
  })

  it('lets the next one follow, and the last one go, over a year', async () => {
    const { states, publish, hours, keys, zone } = world()
    await hours(1)
    await publish()
    await hours(1)
    await hours(24 * 180 - 2)
    expect(await states()).toEqual(['20261120-rsa active', '20261120-ed25519 active'])
    await hours(2)
    const next = ['20270519-rsa waiting', '20270519-ed25519 waiting']
    expect(await states()).toEqual(['20261120-rsa active', '20261120-ed25519 active', ...next])
    // Nobody publishes them: the old ones go on.
    await hours(24 * 20)
    expect(await states()).toEqual(['20261120-rsa active', '20261120-ed25519 active', ...next])
    await publish()
    await hours(1)
    const active = ['20270519-rsa active', '20270519-ed25519 active']
    expect(await states()).toEqual([
      '20261120-rsa retiring',
      '20261120-ed25519 retiring',
      ...active,
    ])
    await hours(RETIRING_MS / HOUR_MS - 1)
    expect(await states()).toContain('20261120-rsa retiring')
    await hours(1)
    expect(await states()).toEqual(['20261120-rsa revoked', '20261120-ed25519 revoked', ...active])
    const [revoked] = await keys.of(domain)
    expect(revoked?.privateKey).toHaveLength(0)
    expect(revoked && keyRecordText(revoked)).toBe('v=DKIM1; p=')
    await publish()
    await hours(REVOKED_MS / HOUR_MS + 24)
    expect(await states()).toEqual(active)
    expect(Object.keys(zone)).toHaveLength(4)
  })

  it('looks for records that wait by the hour, for others once a day', async () => {
    const { publish, hours, questions } = world()
    await hours(1)
    await publish()
    await hours(1)
    const before = questions.length
    await hours(23)
    expect(questions.length - before).toBe(0)
    await hours(1)
    expect(questions.length - before).toBe(2)
  })

  it('lets no key sign whose record is gone, and says so', async () => {
    const { publish, withdraw, hours, states, log } = world()
    await hours(1)
    await publish()
    await hours(1)
    withdraw('20261120-rsa')
    await hours(24)
    expect(await states()).toEqual(['20261120-rsa waiting', '20261120-ed25519 active'])
    expect(log.find('record of the signing key is gone: it does not sign any more')).toMatchObject({
      domain,
      selector: '20261120-rsa',
    })
    await publish()
    await hours(1)
    expect(await states()).toEqual(['20261120-rsa active', '20261120-ed25519 active'])
  })

  it('takes a DNS in trouble for no answer', async () => {
    const { publish, hours, states, zone } = world()
    await hours(1)
    await publish()
    await hours(1)
    zone[`20261120-rsa._domainkey.${domain}`] = 'failure'
    await hours(48)
    expect(await states()).toEqual(['20261120-rsa active', '20261120-ed25519 active'])
  })

  it.each([
    ['another key', ['v=DKIM1; p=AAAA']],
    ['two records', ['twice']],
  ])('does not sign where the name has %s', async (_, txt) => {
    const { hours, states, zone, keys } = world()
    await hours(1)
    const [rsa] = await keys.of(domain)
    if (rsa === undefined) throw new Error('no key')
    const record = keyRecordText(rsa)
    zone[`20261120-rsa._domainkey.${domain}`] = {
      txt: txt.includes('twice') ? [record, record] : txt,
    }
    await hours(1)
    expect(await states()).toContain('20261120-rsa waiting')
  })

  it('makes no other keys where none are wanted', async () => {
    const { publish, hours, states } = world(0)
    await hours(1)
    await publish()
    await hours(24 * 400)
    expect(await states()).toEqual(['20261120-rsa active', '20261120-ed25519 active'])
  })

  it('makes each key once, whoever makes it', async () => {
    const { upkeep, states } = world()
    await Promise.all([upkeep.make(domain), upkeep.make(domain), upkeep.look(domain)])
    expect(await states()).toHaveLength(2)
  })

  it('does not wait for name servers when it has to stop', async () => {
    const { keys, clock, log } = world()
    const stopping = new AbortController()
    const upkeep = createKeyUpkeep({
      keys,
      domains: {
        async *list() {
          yield { domain, accounts: 0, aliases: 0, createdMs: 0, limits: noLimits }
        },
      },
      resolver: {
        resolveTxt() {
          stopping.abort()
          return new Promise(() => {})
        },
      },
      options: { dkimKeyRotation: 0 },
      makeKey: async (algorithm) => made[algorithm],
      clock,
      log,
    })
    await upkeep.lookAtAll(stopping.signal)
    expect(await keys.of(domain)).toHaveLength(2)
  })
})
