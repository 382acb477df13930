// `npm run bench -- smtp`: accepted and delivered messages per second beside the plain Node floor, in one run, rounds in turn.
// Settings may be given behind the rounds. accepted: first byte to last 250. delivered: first byte until every message is in its folder.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackend } from '#services/assembly/backend.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { type Address, parseAddress } from '#shared/mail/address.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import type { Settings } from '#shared/settings/table.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { messageBody, sendLoad } from '#test/support/smtp-load.ts'
import { cpuSeconds, memory } from './process-usage.ts'
import { type Measured, scratch, startFloor, startOurs } from './servers.ts'
import { median, printTable, spread } from './table.ts'

const mailboxes = 50
const cases = [
  { name: '4 KB, 1 session', bytes: 4_096, sessions: 1, messages: 1_500 },
  { name: '4 KB, 10 sessions', bytes: 4_096, sessions: 10, messages: 3_000 },
  { name: '4 KB, 50 sessions', bytes: 4_096, sessions: 50, messages: 3_000 },
  { name: '50 KB, 10 sessions', bytes: 51_200, sessions: 10, messages: 1_000 },
  { name: '1 MB, 10 sessions', bytes: 1 << 20, sessions: 10, messages: 60 },
]

type Row = {
  readonly accepted: number
  readonly delivered: number
  readonly cpuPerThousand: number
  readonly peak: number
}

export async function benchSmtp(
  given = '3',
  ...settings: readonly (string | undefined)[]
): Promise<void> {
  const rounds = Number(given)
  const set = settings.filter((one) => one !== undefined)
  const preset = loadBenchSettings(set).policyPreset
  console.log(`preset ${preset}${set.length === 0 ? '' : ` with ${set.join(', ')}`}`)
  const parent = await mkdtemp(join(tmpdir(), 'postwolke-bench-'))
  const directory = await scratch(parent, 'ours')
  await using book = await openBook(directory)
  const ours = await startOurs(directory, set)
  const floor = await startFloor('smtp', await scratch(parent, 'floor'))
  try {
    const rows: string[][] = []
    for (const load of cases) {
      const measured = { floor: [] as Row[], ours: [] as Row[] }
      await measure(ours, ours.ports.smtp, { ...load, messages: 200 }, book.count)
      for (let round = 0; round < rounds; round++) {
        measured.floor.push(await measure(floor, floor.port, load))
        measured.ours.push(await measure(ours, ours.ports.smtp, load, book.count))
      }
      const ratios = measured.ours.map(
        (row, i) => row.delivered / (measured.floor[i]?.accepted ?? 1),
      )
      for (const name of ['floor', 'ours'] as const) {
        const all = measured[name]
        rows.push([
          load.name,
          name,
          spread(all.map((row) => row.accepted)),
          name === 'floor' ? '-' : spread(all.map((row) => row.delivered)),
          spread(
            all.map((row) => row.cpuPerThousand),
            2,
          ),
          median(all.map((row) => row.peak)).toFixed(0),
          name === 'floor' ? '' : spread(ratios, 2),
        ])
      }
    }
    printTable(
      [
        'case',
        'server',
        'accepted/s',
        'delivered/s',
        'CPU s per 1000',
        'peak MB',
        'delivered : floor accepted',
      ],
      rows,
    )
  } finally {
    await ours.stop()
    await floor.stop()
  }
  await book[Symbol.asyncDispose]()
  await rm(parent, { recursive: true })
}

async function measure(
  server: Pick<Measured, 'pid'>,
  port: number,
  given: { readonly bytes: number; readonly sessions: number; readonly messages: number },
  count?: () => Promise<number>,
): Promise<Row> {
  const before = (await count?.()) ?? 0
  const cpu = cpuSeconds(server.pid)
  const start = performance.now()
  let sent = 0
  let accepted = 0
  await Promise.all(
    Array.from({ length: given.sessions }, () =>
      sendLoad({
        port,
        next() {
          if (sent === given.messages) return undefined
          const token = `bench-${sent++}`
          const recipients = [`u${sent % mailboxes}@example.test`]
          return { message: { token, recipients }, body: messageBody(token, given.bytes) }
        },
        accepted: () => accepted++,
      }),
    ),
  )
  const acceptedMs = performance.now() - start
  if (accepted !== given.messages) throw new Error(`${accepted} of ${given.messages} accepted`)
  while (count && (await count()) < before + given.messages) await systemClock.sleep(5)
  const deliveredMs = performance.now() - start
  return {
    accepted: (given.messages / acceptedMs) * 1_000,
    delivered: (given.messages / deliveredMs) * 1_000,
    cpuPerThousand: ((cpuSeconds(server.pid) - cpu) / given.messages) * 1_000,
    peak: memory(server.pid).peak,
  }
}

function loadBenchSettings(overrides: readonly string[]): Settings {
  const loaded = loadSettings({ environment: {}, overrides })
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
  return loaded.settings
}

/** The data folder of the server, seen from this process: makes the users and counts their messages. */
async function openBook(directory: string) {
  const store = await openEmbeddedStore({ directory })
  const settings = loadBenchSettings([])
  const backend = createBackend({ store, settings, clock: systemClock, log: silentLog })
  const users = Array.from({ length: mailboxes }, (_, n) => user(n))
  const accounts: AccountId[] = []
  for (const address of users) {
    await backend.directory.domains.add(address.domain)
    const added = await backend.directory.accounts.add({ address, passwordHash: 'x' })
    if (added.kind === 'ok') accounts.push(added.account.id)
  }
  for (const id of accounts) await backend.mailbox.folders.list(id)
  return {
    async count() {
      const inboxes = await Promise.all(accounts.map((id) => backend.mailbox.inbox(id)))
      return inboxes.reduce((sum, inbox) => sum + inbox.exists, 0)
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

function user(n: number): Address {
  const address = parseAddress(`u${n}@example.test`)
  if (address === undefined) throw new Error(`u${n}`)
  return address
}
