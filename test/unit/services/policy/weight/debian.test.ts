// Beside Debian's policyd-weight: the same clients, HELO names and senders in the same DNS world weigh the same, find by find.

import { describe, expect, it } from 'vitest'
import { createClient } from '#services/policy/client.ts'
import { createDnsLists } from '#services/policy/dns-lists/dns-lists.ts'
import type { Decision } from '#services/policy/restriction.ts'
import { createWeightService } from '#services/policy/weight/weight.ts'
import { createSystemResolver } from '#shared/dns/system-resolver.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import {
  hasPolicydWeight,
  type PolicydAnswer,
  type PolicydRequest,
  runPolicydWeight,
} from '#test/support/debian-policyd-weight.ts'
import { settingsOf } from '#test/support/dns-list-words.ts'
import { type DnsZone, startDnsServer } from '#test/support/dns-server.ts'
import { known, knownRecipient, stranger } from '#test/support/policy-facts.ts'
import { seededRandom } from '#test/support/seed.ts'
import { createCases, listsInOrder, type WeighedCase } from '#test/support/weighed-cases.ts'

const CASES = 150
/** Of one run of the program. */
const BATCH = 60

/** Without the list that is dead, which the preset leaves out. */
const lines = [
  "@dnsbl_score = ('pbl.spamhaus.org', 3.25, 0, 'DYN_PBL_SPAMHAUS',",
  "'sbl-xbl.spamhaus.org', 4.35, -1.5, 'SBL_XBL_SPAMHAUS', 'bl.spamcop.net', 3.75, -1.5, 'SPAMCOP');",
]

/** Different ones, of some 35 that there are. */
const FINDS_MIN = 22

/** What it comes to: what becomes of the message, its points, and what was found with how many. */
type Outcome = {
  readonly kind: 'pass' | 'refused' | 'put off'
  readonly points: number | undefined
  readonly found: readonly string[]
}

const FOUND = /([A-Z][A-Z0-9_/()]*)=(-?[0-9.]+)/g

function foundIn(text: string): readonly string[] {
  return [...text.matchAll(FOUND)].map(([, name, points]) => `${name}=${Number(points).toFixed(2)}`)
}

function outcomeOfDebian({ action, log }: PolicydAnswer): Outcome {
  const [, points] = /; rate: (-?[0-9.]+)$/.exec(log) ?? []
  const kind = action.startsWith('5') ? 'refused' : action.startsWith('4') ? 'put off' : 'pass'
  const [found = ''] = log.split('; <client=')
  return {
    kind,
    points: points === undefined ? undefined : Number(points),
    found: foundIn(found),
  }
}

function outcomeOf(decisions: readonly Decision[]): Outcome {
  const kinds = decisions.map(({ kind }) => kind)
  const score = decisions.find((decision) => decision.kind === 'score')
  return {
    kind: kinds.includes('reject') ? 'refused' : kinds.includes('defer') ? 'put off' : 'pass',
    points: score?.points,
    found: foundIn(score?.why ?? ''),
  }
}

/** What each says of these cases, in their order; one name server for both. */
async function weighBoth(
  cases: readonly WeighedCase[],
  set: readonly string[] = [],
): Promise<readonly { readonly ours: Outcome; readonly debian: Outcome }[]> {
  const zone = Object.assign({}, listsInOrder, ...cases.map((one) => one.zone))
  await using server = await startDnsServer(zone)
  const dns = createSystemResolver({ servers: [server.address] })
  const settings = settingsOf([
    'policyPreset=isp',
    'weightRefusedCacheSize=0',
    'weightPassedCacheSize=0',
    'dnsListTimeout=500ms',
    ...set,
  ])
  const service = createWeightService({
    dnsLists: createDnsLists({ clock: systemClock, log: silentLog, settings }),
    settings,
    clock: systemClock,
    log: silentLog,
    compile: () => [],
  })
  const requests: PolicydRequest[] = []
  const ours: Outcome[] = []
  for (const [n, { clientAddress, helo, sender, recipient }] of cases.entries()) {
    const client = createClient(clientAddress, dns)
    const name = await client.name()
    const clientName = name.kind === 'found' ? name.name : 'unknown'
    requests.push({ clientAddress, clientName, helo, sender, recipient })
    const facts = known({
      queueId: `Q${n}` as QueueId,
      origin: { ...stranger, remoteAddress: clientAddress, helo },
      client,
      dns,
      sender,
      recipient: knownRecipient(recipient),
    })
    ours.push(outcomeOf(await service.decide(facts)))
  }
  const debians: Outcome[] = []
  for (let from = 0; from < requests.length; from += BATCH) {
    const batch = requests.slice(from, from + BATCH)
    const answers = await runPolicydWeight(batch, { dnsPort: server.port, lines })
    debians.push(...answers.map(outcomeOfDebian))
  }
  expect(debians).toHaveLength(cases.length)
  return debians.map((debian, n) => ({ debian, ours: ours[n] ?? expect.fail() }))
}

describe.skipIf(!hasPolicydWeight)("beside Debian's policyd-weight", () => {
  it(`the same becomes of ${CASES} messages`, { timeout: 120_000 }, async () => {
    const cases = createCases(CASES, seededRandom('policyd-weight'))
    const outcomes = await weighBoth(cases)
    const differing = outcomes.flatMap(({ ours, debian }, n) => {
      const one = cases[n]
      // What each difference comes from stands below.
      const isKnown = one !== undefined && beginsAnother(one)
      // It finds nothing of bounces; here lists count, for others. Neither refuses them.
      const isSameBounce = one?.sender === '' && ours.kind === debian.kind
      return isSame(ours, debian) || isSameBounce || isKnown
        ? []
        : [{ about: one?.about, ours, debian }]
    })
    expect(differing).toEqual([])
    // The cases are of every kind, or their being the same says little.
    const kinds = new Set(outcomes.map(({ debian }) => debian.kind))
    expect([...kinds].sort()).toEqual(['pass', 'put off', 'refused'])
    const found = outcomes.flatMap(({ debian }) => debian.found.map((one) => one.split('=')[0]))
    expect(new Set(found).size).toBeGreaterThan(FINDS_MIN)
  })

  const base: WeighedCase = {
    clientAddress: '20.0.13.25',
    helo: 'mail.other.test',
    sender: 'ann@sender.test',
    recipient: 'ann@example.test',
    zone: {
      '20.0.13.25': { ptr: ['mail.other.test'] },
      'mail.other.test': { a: ['20.0.13.25'] },
      'sender.test': { mx: ['10 in.sender.test'] },
      'in.sender.test': { a: ['150.1.1.1'] },
    },
    about: '',
  }
  const points = (outcome: Outcome) => [outcome.kind, outcome.points]

  it('differs where an address is the beginning of another: it compares texts', async () => {
    const zone = { ...base.zone, 'in.sender.test': { a: ['20.0.13.250'] } }
    const [both] = await weighBoth([{ ...base, zone }])
    expect(both?.debian.found).toContain('FROM/MX_MATCHES_HELO(DOMAIN)=-2.00')
    expect(both?.ours.found).toContain('FROM/MX_MATCHES_NOT_HELO(DOMAIN)=1.00')
  })

  it('differs where a list does not answer: it gives the points of a miss', async () => {
    const zone = { ...base.zone, '25.13.0.20.bl.spamcop.net': { manner: 'silent' } } as const
    const [both] = await weighBoth([{ ...base, zone }])
    expect(both && points(both.debian)).toEqual(['pass', -4])
    expect(both && points(both.ours)).toEqual(['pass', -2.5])
  })

  it.each([
    ['has been given up and answers everything', { '*.bl.spamcop.net': { a: ['150.9.9.9'] } }],
    [
      'refuses to answer',
      { '25.13.0.20.bl.spamcop.net': { a: ['127.255.255.254'] }, '1.0.0.127.bl.spamcop.net': {} },
    ],
  ] satisfies [string, DnsZone][])(
    'differs where a list %s: any answer is a hit to it',
    async (_, lying) => {
      const [both] = await weighBoth([{ ...base, zone: { ...base.zone, ...lying } }])
      expect(both?.debian.found).toContain('IN_SPAMCOP=3.75')
      expect(both?.ours.found.join()).not.toContain('IN_SPAMCOP')
      expect(both?.ours.points).toBe(-2.5)
    },
  )

  it('differs for HELO with an IPv6 address, which it does not know', async () => {
    const clientAddress = '2001:db8::25'
    const [both] = await weighBoth([{ ...base, clientAddress, helo: `[IPv6:${clientAddress}]` }])
    expect(both?.debian.found).toContain('CL_IP_NE_HELO=1.50')
    expect(both?.ours.found.join()).not.toContain('CL_IP_NE_HELO')
  })
})

/** The client's address is how another begins that its sender's domain has. */
function beginsAnother({ clientAddress, zone }: WeighedCase): boolean {
  const addresses = Object.values(zone).flatMap(({ a = [], aaaa = [] }) => [...a, ...aaaa])
  return addresses.some((one) => one !== clientAddress && one.startsWith(clientAddress))
}

function isSame(ours: Outcome, debian: Outcome): boolean {
  return (
    ours.kind === debian.kind &&
    Math.abs((ours.points ?? 0) - (debian.points ?? 0)) < 0.01 &&
    ours.found.join() === debian.found.join()
  )
}
