// The same mail at the same times, with Debian's postgrey and with ours. It takes the time from an attribute that its own test program
// sends.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { delegationRequest } from '#services/policy/delegation/request.ts'
import { createPolicyServers } from '#services/policy/delegation/servers.ts'
import { createGreylist } from '#services/policy/greylist/greylist.ts'
import type { Decision } from '#services/policy/restriction.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { startPostgrey } from '#test/support/debian-policy-servers.ts'
import { knownAtRcpt } from '#test/support/known.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { isInstalled } from '#test/support/program.ts'
import { seededRandom } from '#test/support/seed.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const SEQUENCES = 150
const TRIES = 16
const SECOND = 1_000
const HOUR = 3_600
const DAY = 24 * HOUR

const whitelistedClients = [
  'good.test',
  '/^mx\\d+\\.pool\\.test$/',
  '198.18.0.0/16',
  '2001:db8:f::/48',
]
const whitelistedRecipients = ['postmaster@', 'quick.test', 'ann@slow.test', '/^news-/']

const senders = [
  'ann@remote.test',
  'Ann@Remote.test',
  'ann+x@remote.test',
  'bounce-17-4@lists.test',
  'bounce-18-5@lists.test',
  'prvs=1234567890=ann@remote.test',
  'prvs=ann=1234567890@remote.test',
  'prvs=short=ann@remote.test',
  '',
]
const recipients = [
  'bob@example.test',
  'BOB@example.test',
  'carl@example.test',
  'postmaster@example.test',
  'postmaster+x@example.test',
  'any@sub.quick.test',
  'any@notquick.test',
  'ann@slow.test',
  'ann+x@slow.test',
  'bob@slow.test',
  'news-1@example.test',
]
/** From one try to the next, in seconds: on both sides of what is a limit. */
const pauses = [0, 0, 1, 120, 299, 300, 301, HOUR - 1, HOUR, DAY, 2 * DAY - 1, 2 * DAY, 2 * DAY + 1]

type Try = {
  readonly pause: number
  readonly address: string
  readonly name: string | undefined
  readonly sender: string
  readonly to: string
  readonly message: string
}

function sequence(n: number, random: () => number): readonly Try[] {
  const one = <T>(of: readonly T[]): T => {
    const chosen = of[Math.floor(random() * of.length)]
    if (chosen === undefined) throw new Error('nothing to choose from')
    return chosen
  }
  const network = `10.${n >> 8}.${n & 0xff}`
  const prefix = `2001:db8:${n.toString(16)}`
  const addresses = [`${network}.1`, `${network}.1`, `${network}.2`, `${prefix}::1`, `${prefix}::2`]
  const [usualSender, usualRecipient] = [one(senders), one(recipients)]
  let message = 0
  return Array.from({ length: TRIES }, (_, i) => {
    // Several recipients of a message come one after the other.
    const goesOn = i > 0 && random() < 0.2
    if (!goesOn) message += 1
    const isOther = random() < 0.05
    return {
      pause: goesOn ? 0 : one(pauses),
      address: isOther ? one(['198.18.7.7', '2001:db8:f::7']) : one(addresses),
      name:
        random() < 0.1
          ? one(['a.good.test', 'mx1.pool.test', 'mxx.pool.test', 'notgood.test'])
          : undefined,
      sender: random() < 0.7 ? usualSender : one(senders),
      to: random() < 0.7 ? usualRecipient : one(recipients),
      message: `${n.toString(16)}.${message}`,
    }
  })
}

async function openBoth() {
  const folder = await temporaryFolder()
  const lists = {
    clients: join(folder.path, 'clients'),
    recipients: join(folder.path, 'recipients'),
  }
  await writeFile(lists.clients, `${whitelistedClients.join('\n')}\n`)
  await writeFile(lists.recipients, `${whitelistedRecipients.join('\n')}\n`)
  const text = 'Greylisted, %s left for %r'
  const header = 'X-Greylist: delayed %t seconds at %h'
  const server = await startPostgrey([
    `--whitelist-clients=${lists.clients}`,
    `--whitelist-recipients=${lists.recipients}`,
    `--greylist-text=${text}`,
    `--x-greylist-header=${header}`,
    '--auto-whitelist-clients=3',
  ])
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })
  const loaded = loadSettings({
    environment: {},
    overrides: [
      'hostname=mx.example.test',
      'policyPreset=isp',
      `postgreyText=${text}`,
      `postgreyHeader=${header}`,
      'postgreyShippedLists=no',
      'postgreyAutoWhitelistClients=3',
      `postgreyWhitelistClients=${whitelistedClients.join(' ')}`,
      `postgreyWhitelistRecipients=${whitelistedRecipients.join(' ')}`,
    ],
  })
  if (loaded.kind === 'invalid') throw new Error(JSON.stringify(loaded.problems))
  const clock = new ManualClock(Date.UTC(2026, 10, 30))
  const { store, close } = await openEmbedded({ clock })
  onTestFinished(close)
  const ours = createGreylist({
    counters: store.tables.counters,
    clock,
    log: silentLog,
    options: loaded.settings,
  })
  const theirs = createPolicyServers({ clock: systemClock }).at(server.endpoint)
  const asked = {
    ...{ timeout: 10_000, maxIdle: 60_000, maxTtl: 60_000 },
    ...{ requestLimit: 0, tryLimit: 1, retryDelay: 0 },
  }
  return async ({ pause, name, message, ...given }: Try) => {
    await clock.advance(pause * SECOND)
    const queueId = message as QueueId
    const known = knownAtRcpt({ ...given, queueId, ...(name !== undefined && { name }) })
    const request = await delegationRequest(known, '')
    const time = `policy_test_time=${clock.now() / SECOND}\n`
    return {
      postgrey: await theirs.ask(time + request, asked),
      postwolke: actionOf(await ours.decide(known)),
    }
  }
}

/** As postgrey writes it. */
function actionOf([decision]: readonly Decision[]): string {
  if (decision === undefined) return 'DUNNO'
  if (decision.kind === 'prepend') return `PREPEND ${decision.fields.trimEnd()}`
  if (decision.kind !== 'defer-if-permit') return decision.kind
  const { code, status, text } = decision.reply
  expect(code).toBe(450)
  return `DEFER_IF_PERMIT ${status} ${text.replace(/^<.*>: Recipient address rejected: /, '')}`
}

describe.skipIf(!isInstalled('postgrey'))("beside Debian's postgrey", () => {
  it(`says the same in ${SEQUENCES} sequences of ${TRIES} tries`, async () => {
    const decide = await openBoth()
    const random = seededRandom('postgrey')
    const kinds = new Map<string, number>()
    for (let n = 1; n <= SEQUENCES; n += 1) {
      const told: { readonly postgrey: string; readonly postwolke: string }[] = []
      const tries = sequence(n, random)
      for (const one of tries) {
        const both = await decide(one)
        told.push(both)
        const [kind = ''] = both.postgrey.split(' ')
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
        expect(both.postwolke, JSON.stringify({ n, tries, told }, null, 1)).toBe(both.postgrey)
      }
    }
    // Something was compared.
    expect([...kinds.keys()].sort()).toEqual(['DEFER_IF_PERMIT', 'DUNNO', 'PREPEND'])
    for (const times of kinds.values()) expect(times).toBeGreaterThan(20)
  }, 60_000)
})
