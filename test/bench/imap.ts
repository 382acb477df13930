// `npm run bench -- imap`: a session's steps on a mailbox of 10,000 messages, the same on mailboxes of growing size, and the memory
// of idle connections. Beside it a Node process that writes the same answers from memory, in turn with ours. Every round begins
// with a fresh process, so that what is first is cold.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '#test/support/server-process.ts'
import { BenchClient, type KeptAnswers } from './imap-client.ts'
import {
  fill,
  growth,
  growthMailbox,
  growthSteps,
  inboxMessages,
  inboxSteps,
  movedMessages,
  type Step,
} from './imap-steps.ts'
import { cpuSeconds, memory } from './process-usage.ts'
import { scratch, startFloor, startOurs } from './servers.ts'
import { median, printTable, spread } from './table.ts'

const account = 'u0@example.test'
const password = 'for a bench'
const idleConnections = 500
const settings = [
  'disablePlaintextAuth=no',
  'imapAccountConnectionCountLimit=1000',
  'messageSizeLimit=100MB',
]

type Taken = { readonly ms: number; readonly cpuMs: number }
type Results = Map<string, Taken[]>

export async function benchImap(rounds: number): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'postwolke-bench-'))
  const directory = await scratch(parent, 'ours')
  await runCommand(directory, ['domain', 'add', 'example.test'])
  await runCommand(directory, ['account', 'add', account, '--password-stdin'], password)
  await fillAll(directory)
  const ours: Results = new Map()
  const floor: Results = new Map()
  const grown = growth.map((): Results => new Map())
  const used: ReturnType<typeof memory>[] = []
  for (let round = 0; round < rounds; round++) {
    const steps = inboxSteps(round)
    const kept: KeptAnswers = new Map()
    used.push(await roundOfOurs(directory, round, { kept, ours, grown }))
    await roundOfFloor(join(parent, 'answers.json'), steps, { kept, floor })
  }
  tell(inboxSteps(0), ours, floor)
  tellGrowth(grown)
  const megabytes = (of: 'peak' | 'now' | 'mapped') => spread(used.map((memory) => memory[of]))
  console.log(
    `memory of ours, MB: peak ${megabytes('peak')}, in the end ${megabytes('now')}, of which mapped files ${megabytes('mapped')}`,
  )
  await tellIdle(directory)
  await rm(parent, { recursive: true })
}

async function fillAll(directory: string): Promise<void> {
  const server = await startOurs(directory, settings)
  const client = await logIn(server.ports.imap)
  for (const name of ['Here', 'There', ...growth.map(growthMailbox)]) {
    await client.ok(`CREATE ${name}`)
  }
  await fill(client, 'INBOX', inboxMessages, 4_096)
  await fill(client, 'Here', movedMessages, 4_096)
  for (const size of growth) {
    const { ms, cpuMs } = await timed(server.pid, () =>
      fill(client, growthMailbox(size), size, 1_024),
    )
    const perMessage = (value: number) => ((value * 1_000) / size).toFixed(0)
    console.log(
      `filled with ${size}: ${perMessage(ms)} us, CPU ${perMessage(cpuMs)} us per message`,
    )
  }
  client.close()
  await server.stop()
}

/** Returns the memory in the end. */
async function roundOfOurs(
  directory: string,
  round: number,
  to: { readonly kept: KeptAnswers; readonly ours: Results; readonly grown: readonly Results[] },
): Promise<ReturnType<typeof memory>> {
  const server = await startOurs(directory, settings)
  const client = await logIn(server.ports.imap, to.kept)
  await runSteps(server.pid, client, inboxSteps(round), to.ours)
  client.close()
  const other = await logIn(server.ports.imap)
  for (const [i, size] of growth.entries()) {
    await runSteps(server.pid, other, growthSteps(size, round), to.grown[i] ?? new Map())
  }
  other.close()
  const used = memory(server.pid)
  await server.stop()
  return used
}

async function roundOfFloor(
  file: string,
  steps: readonly Step[],
  { kept, floor }: { readonly kept: KeptAnswers; readonly floor: Results },
): Promise<void> {
  await writeFile(file, JSON.stringify([...kept]), 'latin1')
  const server = await startFloor('imap', file)
  // Keeps what it reads, as the client of ours did.
  const client = await BenchClient.open(server.port, new Map())
  await runSteps(server.pid, client, steps, floor)
  client.close()
  await server.stop()
}

async function runSteps(
  pid: number,
  client: BenchClient,
  steps: readonly Step[],
  results: Results,
): Promise<void> {
  for (const step of steps) {
    const taken = await timed(pid, () => step.run(client))
    results.set(step.name, [...(results.get(step.name) ?? []), taken])
  }
}

async function timed(pid: number, run: () => Promise<void>): Promise<Taken> {
  const cpu = cpuSeconds(pid)
  const start = performance.now()
  await run()
  return { ms: performance.now() - start, cpuMs: (cpuSeconds(pid) - cpu) * 1_000 }
}

async function logIn(port: number, kept?: KeptAnswers): Promise<BenchClient> {
  const client = await BenchClient.open(port, kept)
  await client.ok(`LOGIN ${account} ${password}`)
  return client
}

function tell(steps: readonly Step[], ours: Results, floor: Results): void {
  const ms = (results: Results, name: string) => (results.get(name) ?? []).map((taken) => taken.ms)
  printTable(
    ['step', 'ours ms', 'floor ms', 'ours : floor', 'us each', 'CPU us each'],
    steps.map(({ name, count }) => {
      const mine = ms(ours, name)
      const theirs = ms(floor, name)
      const cpu = (ours.get(name) ?? []).map((taken) => taken.cpuMs)
      return [
        name,
        spread(mine, 1),
        spread(theirs, 1),
        (median(mine) / median(theirs)).toFixed(1),
        ((median(mine) * 1_000) / count).toFixed(1),
        ((median(cpu) * 1_000) / count).toFixed(1),
      ]
    }),
  )
}

function tellGrowth(grown: readonly Results[]): void {
  printTable(
    ['us each', ...growth.map((size) => `${size} messages`)],
    growthSteps(0, 0).map(({ name }) => [
      name,
      ...growth.map((size, i) => {
        const count = growthSteps(size, 0).find((step) => step.name === name)?.count ?? 1
        return spread(
          (grown[i]?.get(name) ?? []).map(({ ms }) => (ms * 1_000) / count),
          1,
        )
      }),
    ]),
  )
}

/** Connections that have a mailbox of 10,000 messages selected and idle. */
async function tellIdle(directory: string): Promise<void> {
  const server = await startOurs(directory, settings)
  const clients: BenchClient[] = []
  const add = async () => {
    const client = await logIn(server.ports.imap)
    await client.ok('SELECT INBOX')
    await client.idle()
    clients.push(client)
  }
  // What is there once: code, the snapshot, the login.
  for (let n = 0; n < 20; n++) await add()
  const before = memory(server.pid).now
  for (let n = 0; n < idleConnections; n++) await add()
  const after = memory(server.pid).now
  const each = ((after - before) * 1_024) / idleConnections
  console.log(
    `${idleConnections} idle connections: ${before.toFixed(0)} MB before, ${after.toFixed(0)} MB with them, ${each.toFixed(0)} KB each`,
  )
  for (const client of clients) client.close()
  await server.stop()
}
