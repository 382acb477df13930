import { describe, expect, it, onTestFinished } from 'vitest'
import { createGreylist, type GreylistDeps } from '#services/policy/greylist/greylist.ts'
import type { Decision } from '#services/policy/restriction.ts'
import type { SpfResult } from '#shared/contracts/authentication.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { type KnownChanges, knownAtRcpt } from '#test/support/known.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

async function open(set: readonly string[] = [], change: Partial<GreylistDeps> = {}) {
  const loaded = loadSettings({
    environment: {},
    overrides: ['hostname=mx.example.test', 'policyPreset=isp', 'postgreyPrivacy=no', ...set],
  })
  if (loaded.kind === 'invalid') throw new Error(JSON.stringify(loaded.problems))
  const clock = new ManualClock(Date.UTC(2026, 10, 30, 3, 4))
  const { store, close } = await openEmbedded({ clock })
  onTestFinished(close)
  const log = new MemoryLog()
  const greylist = createGreylist({
    counters: store.tables.counters,
    clock,
    log,
    options: loaded.settings,
    ...change,
  })
  let messages = 0
  return {
    clock,
    log,
    counters: store.tables.counters,
    /** Each of another message, unless it is said. */
    async ask({ of, ...changes }: KnownChanges & { readonly of?: string } = {}) {
      messages += 1
      const queueId = (of ?? `Q${messages}`) as QueueId
      return said(await greylist.decide(knownAtRcpt({ ...changes, queueId })))
    },
  }
}

/** What a test asserts of it. */
const said = (decisions: readonly Decision[]) => decisions.map(textOf).join('|')

function textOf(decision: Decision): string {
  if (decision.kind === 'prepend') return decision.fields
  if (!('reply' in decision)) return decision.kind
  const { code, status, text } = decision.reply
  return `${decision.kind} ${code} ${status} ${text}`
}

const later = (seconds: number, to = 'ann@example.test') =>
  `defer-if-permit 450 4.2.0 <${to}>: Recipient address rejected: Greylisted, come back in ${seconds} seconds`
const field = (seconds: number) =>
  expect.stringMatching(
    new RegExp(
      `^X-Greylist: delayed ${seconds} seconds by Postwolke at mx\\.example\\.test; .* \\+0000\r\n$`,
    ),
  )
const nothing = ''

describe('greylisting', () => {
  it('asks whoever is not known to come again, and lets him in then', async () => {
    const { clock, ask, log } = await open()
    expect(await ask()).toBe(later(300))
    await clock.advance(MINUTE)
    expect(await ask()).toBe(later(240))
    await clock.advance(5 * MINUTE)
    expect(await ask()).toEqual(field(360))
    expect(await ask()).toBe(nothing)
    expect(log.lines.map(({ message, fields }) => [message, fields.reason])).toEqual([
      ['greylisted', 'new'],
      ['greylisted', 'early-retry'],
      ['came again', 'triplet found'],
      ['not greylisted', 'triplet found'],
    ])
    expect(log.find('greylisted')).toMatchObject({
      ...{ queueId: 'Q1', from: 's@remote.test', to: 'ann@example.test' },
      ...{ remoteAddress: '203.0.113.5', waitSeconds: 300 },
    })
  })

  it('knows a triplet from another address of the network, and no other', async () => {
    const { clock, ask } = await open()
    await ask()
    await clock.advance(5 * MINUTE)
    expect(await ask({ address: '203.0.114.5' })).toBe(later(300))
    expect(await ask({ sender: 'other@remote.test' })).toBe(later(300))
    expect(await ask({ to: 'bob@example.test' })).toBe(later(300, 'bob@example.test'))
    expect(await ask({ address: '203.0.113.200', sender: 'S+x@Remote.test' })).toEqual(field(300))
  })

  it('greylists the null sender as any other', async () => {
    const { clock, ask } = await open()
    expect(await ask({ sender: '' })).toBe(later(300))
    await clock.advance(5 * MINUTE)
    expect(await ask({ sender: '' })).toEqual(field(300))
  })

  it('gives a message of several recipients one header field', async () => {
    const { clock, ask } = await open()
    await ask()
    await ask({ to: 'bob@example.test' })
    await clock.advance(5 * MINUTE)
    expect(await ask({ of: 'QX' })).toEqual(field(300))
    expect(await ask({ of: 'QX', to: 'bob@example.test' })).toBe(nothing)
  })

  it('says what the settings say', async () => {
    const { clock, ask } = await open([
      'postgreyDelay=60s',
      'postgreyAction=DEFER',
      'postgreyText=4.7.1 wait %s for %r',
      'postgreyHeader=',
    ])
    expect(await ask()).toBe(
      'defer 450 4.7.1 <ann@example.test>: Recipient address rejected: wait 60 for example.test',
    )
    await clock.advance(MINUTE)
    expect(await ask()).toBe(nothing)
  })

  it('lets a client through at once that came again five times in as many hours', async () => {
    const { clock, ask, log } = await open()
    for (let round = 1; round <= 5; round += 1) {
      // Two a round: one counts.
      for (const sender of [`a${round}@remote.test`, `b${round}@remote.test`]) {
        expect(await ask({ sender })).toBe(later(300))
      }
      await clock.advance(5 * MINUTE)
      for (const sender of [`a${round}@remote.test`, `b${round}@remote.test`]) {
        const isLast = round === 5 && sender.startsWith('b')
        expect(await ask({ sender })).toEqual(isLast ? nothing : field(300))
      }
      await clock.advance(HOUR)
    }
    expect(await ask({ sender: 'new@remote.test' })).toBe(nothing)
    // Each address for itself.
    expect(await ask({ sender: 'new@remote.test', address: '203.0.113.6' })).toBe(later(300))
    expect(
      log.lines.filter(({ message }) => message === 'client is greylisted no more'),
    ).toHaveLength(1)
  })

  it('writes of a client that is known once an hour, however much it sends', async () => {
    const { store, close } = await openEmbedded({})
    onTestFinished(close)
    const { counters } = store.tables
    let writes = 0
    const counted: GreylistDeps['counters'] = {
      get: (key) => counters.get(key),
      write: (write) => {
        writes += 1
        return counters.write(write)
      },
    }
    const { clock, ask } = await open(['postgreyAutoWhitelistClients=1'], { counters: counted })
    await ask()
    await clock.advance(5 * MINUTE)
    expect(await ask()).toEqual(field(300))
    const writesOf = async (messages: number) => {
      writes = 0
      for (let i = 0; i < messages; i += 1) expect(await ask({ sender: `${i}@a.test` })).toBe('')
      return writes
    }
    expect(await writesOf(5)).toBe(0)
    await clock.advance(HOUR)
    expect(await writesOf(5)).toBe(1)
  })

  it('counts no client where it shall not', async () => {
    const { clock, ask, counters } = await open(['postgreyAutoWhitelistClients=0'])
    await ask()
    await clock.advance(5 * MINUTE)
    await ask()
    expect(await counters.get({ pk: 'GREY#client#203.0.113.5/32', sk: 'client' })).toBeUndefined()
  })

  it('passes over clients on its lists', async () => {
    const { ask } = await open([
      'postgreyWhitelistClients=good.test /^mx[0-9]+\\.pool\\.test$/ 198.51.100.0/24 2001:db8::/32',
    ])
    expect(await ask({ name: 'a.good.test' })).toBe(nothing)
    expect(await ask({ name: 'mx7.pool.test' })).toBe(nothing)
    expect(await ask({ address: '198.51.100.9' })).toBe(nothing)
    expect(await ask({ address: '2001:db8::9' })).toBe(nothing)
    expect(await ask({ name: 'notgood.test' })).toBe(later(300))
    // Shipped.
    expect(await ask({ name: 'mail-dm6nam11on2125.outbound.protection.outlook.com' })).toBe(nothing)
  })

  it('believes names that are confirmed alone', async () => {
    const { ask } = await open()
    expect(await ask({ name: 'a.google.com' })).toBe(nothing)
    const { client } = knownAtRcpt()
    const liar = {
      ...client,
      reverseName: async () => ({ kind: 'found', name: 'a.google.com' }) as const,
    }
    expect(await ask({ client: liar })).toBe(later(300))
  })

  it('passes over recipients on its lists, postmaster and abuse among them', async () => {
    const { ask } = await open(['postgreyWhitelistRecipients=quick.test ann@example.test bob@'])
    expect(await ask()).toBe(nothing)
    expect(await ask({ to: 'ann+news@example.test' })).toBe(nothing)
    expect(await ask({ to: 'bob@anywhere.test' })).toBe(nothing)
    expect(await ask({ to: 'any@sub.quick.test' })).toBe(nothing)
    expect(await ask({ to: 'Postmaster@example.test' })).toBe(nothing)
    expect(await ask({ to: 'abuse@example.test' })).toBe(nothing)
    expect(await ask({ to: 'carl@example.test' })).toBe(later(300, 'carl@example.test'))
  })

  it('asks everybody where no list is shipped', async () => {
    const { ask } = await open(['postgreyShippedLists=no'])
    expect(await ask({ name: 'a.google.com' })).toBe(later(300))
    expect(await ask({ to: 'postmaster@example.test' })).toBe(later(300, 'postmaster@example.test'))
  })

  it('is for those alone who want it, where some are named', async () => {
    const { ask } = await open([
      'postgreyRecipients=ann@example.test slow.test',
      'postgreyWhitelistRecipients=bob@slow.test',
    ])
    expect(await ask()).toBe(later(300))
    expect(await ask({ to: 'any@slow.test' })).toBe(later(300, 'any@slow.test'))
    expect(await ask({ to: 'bob@slow.test' })).toBe(nothing)
    expect(await ask({ to: 'carl@example.test' })).toBe(nothing)
  })

  it('is for suspicious clients alone, where it is said from which score on', async () => {
    const { ask } = await open(['postgreySuspiciousScore=1.5'])
    expect(await ask({ score: 1.4 })).toBe(nothing)
    expect(await ask({ score: 1.5 })).toBe(later(300))
    expect(await (await open()).ask({ score: -3 })).toBe(later(300))
    const modern = await open(['policyPreset=modern'])
    expect(await modern.ask({ score: 0 })).toBe(nothing)
    expect(await modern.ask({ score: 0.5 })).toBe(later(300))
  })

  it('takes all addresses that may send for a domain for one client', async () => {
    const passes = ['203.0.113.5', '198.51.100.5']
    const spf = (address: string) => ({
      address,
      async spf(): Promise<SpfResult> {
        const result = passes.includes(address) ? 'pass' : 'softfail'
        return { result, identity: 'mailfrom', domain: 'remote.test' }
      },
    })
    const { clock, ask } = await open()
    await ask(spf('203.0.113.5'))
    await clock.advance(5 * MINUTE)
    expect(await ask(spf('192.0.2.5'))).toBe(later(300))
    expect(await ask(spf('198.51.100.5'))).toEqual(field(300))
    // Nobody's domain: there SPF is about the name in HELO.
    expect(await ask({ ...spf('198.51.100.5'), sender: '' })).toBe(later(300))
    await clock.advance(5 * MINUTE)
    expect(await ask({ ...spf('203.0.113.5'), sender: '' })).toBe(later(300))
    const without = await open(['postgreySpfDomains=no'])
    await without.ask(spf('203.0.113.5'))
    await without.clock.advance(5 * MINUTE)
    expect(await without.ask(spf('198.51.100.5'))).toBe(later(300))
  })

  it('says nothing where it does not know enough', async () => {
    const { ask } = await open()
    expect(await ask({ sender: undefined })).toBe(nothing)
    expect(await ask({ recipient: undefined })).toBe(nothing)
    expect(await ask({ address: 'local' })).toBe(nothing)
  })

  it('lets mail through and warns when it cannot look or write', async () => {
    for (const fails of ['get', 'write'] as const) {
      const { log, ask } = await open([], {
        counters: {
          get: async () => undefined,
          write: async () => undefined,
          [fails]: () => Promise.reject(new TemporaryFailure('throttled')),
        },
      })
      expect(await ask({ of: 'QF' })).toBe(nothing)
      expect(log.find('greylisting does not work, mail is let through')).toMatchObject({
        ...{ level: 'warn', queueId: 'QF' },
      })
    }
  })

  it('stores hashes where nobody shall be named', async () => {
    const { ask, counters } = await open(['postgreyPrivacy=yes'])
    await ask()
    // printf %s 203.0.113.0/24/s@remote.test/ann@example.test | sha1sum
    const key = { pk: 'GREY#fd4dd7f3aa29567884be083ae5c2a68208f07506', sk: 'triplet' }
    expect(await counters.get(key)).toMatchObject({ first: Date.UTC(2026, 10, 30, 3, 4) / SECOND })
  })
})
