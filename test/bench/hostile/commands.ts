// `npm run bench -- hostile commands [part of a name]`: attacks on a real server, by one client at size n and 4n and by twenty at
// once; how long a second client waits, what the server works, and its peak memory (Linux).

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { memory } from '../process-usage.ts'
import { startOurs } from '../servers.ts'
import { type Attack, attacks, type Script } from './attacks.ts'
import { EXPONENT_MAX, exponentOf, STEP } from './growth.ts'
import type { Waits } from './probe.ts'
import { attackers, makeWorld, PASSWORD, victim } from './world.ts'

/** An attack that takes longer is cut off, and not tried at a greater size. */
const ATTACK_MS_MAX = 10_000
const CLIENTS = 20
/** A server that works for less than this while an attack is not over makes it wait. */
const SLOWED_CPU_MS_MAX = ATTACK_MS_MAX / 2
const aims = { blockMs: 50, blockOfTwentyMs: 250, memoryMb: 600 } as const
/** Less work says nothing about growth. */
const MEASURABLE_MS = 60

type Run = Waits & {
  readonly cpuMs: number
  readonly peakMb: number
  /** The server made the client wait on purpose, and did nothing meanwhile: that is no harm. */
  readonly slowed: boolean
  /** It was not over in time, or the server had ended. */
  readonly failed: 'cut' | 'dead' | undefined
}

export async function benchCommands(part: string): Promise<void> {
  const chosen = attacks.filter(({ service, name }) => `${service} ${name}`.includes(part))
  const directory = await mkdtemp(join(tmpdir(), 'postwolke-hostile-'))
  console.log('making accounts …')
  await makeWorld(join(directory, 'world'))
  console.log(heading)
  let missed = 0
  for (const [i, attack] of chosen.entries()) {
    // What one attack leaves behind must not be counted for the next.
    const own = join(directory, String(i))
    await cp(join(directory, 'world'), own, { recursive: true })
    const { text, misses } = row(attack, await allRuns(own, attack))
    missed += misses ? 1 : 0
    console.log(text)
    await rm(own, { recursive: true })
  }
  await rm(directory, { recursive: true })
  console.log(
    `\n${missed} of ${chosen.length} miss the aims: growth up to ${EXPONENT_MAX}, block up to ${aims.blockMs} ms of the server's work for one client and ${aims.blockOfTwentyMs} ms for ${CLIENTS}, memory below ${aims.memoryMb} MB`,
  )
}

async function allRuns(directory: string, attack: Attack): Promise<readonly Run[]> {
  const target = await openTarget(directory)
  const runs: Run[] = []
  try {
    for (const { size, account, clients } of [
      { size: attack.size, account: attackers[0], clients: 1 },
      { size: STEP * attack.size, account: attackers[1], clients: 1 },
      { size: attack.size, account: attackers[0], clients: CLIENTS },
    ]) {
      const run = await attacked(target, attack, { size, account, clients })
      runs.push(run)
      if (run.failed !== undefined) break
    }
  } finally {
    await target.kill()
  }
  return runs
}

type Target = Awaited<ReturnType<typeof openTarget>>

async function openTarget(directory: string) {
  const server = await startOurs(directory, [
    'disablePlaintextAuth=no',
    'imapAccountConnectionCountLimit=1000',
    'messageSizeLimit=100MB',
  ])
  const probe = fork(fileURLToPath(new URL('probe.ts', import.meta.url)), [
    String(server.ports.imap),
    String(server.pid),
    `LOGIN ${victim} ${PASSWORD}`,
  ])
  const exited = once(probe, 'exit').then(() => nobodyWaited)
  const answer = () =>
    Promise.race([once(probe, 'message').then(([waits]): Waits => waits), exited])
  await answer()
  return {
    ...server,
    /** The longest waits since it was asked last. */
    waits(): Promise<Waits> {
      if (!probe.connected) return exited
      const waits = answer()
      probe.send('take')
      return waits
    },
    async kill() {
      probe.kill()
      await server.end('SIGKILL')
    },
  }
}

const nobodyWaited: Waits = { ms: Number.NaN, workMs: Number.NaN }

async function attacked(
  target: Target,
  attack: Attack,
  given: {
    readonly size: number
    readonly account: string
    readonly clients: number
  },
): Promise<Run> {
  const { size, account, clients } = given
  if (attack.before && clients === 1) {
    await play(target.ports.imap, [logIn('imap', account), ...attack.before(size)])
  }
  await settled(target.pid)
  await writeFile(`/proc/${target.pid}/clear_refs`, '5')
  await target.waits()
  const before = await cpuMs(target.pid)
  const ends = await Promise.all(
    Array.from({ length: clients }, () => {
      const script = attack.script(size, account)
      return play(target.ports[attack.service], [logIn(attack.service, account), ...script])
    }),
  )
  const late = ends.includes('cut')
  const busy = !(await settled(target.pid))
  // What waits for the server now has waited already.
  const waits = await target.waits()
  const cpu = await cpuMs(target.pid).catch(() => undefined)
  if (cpu === undefined) {
    return { ...waits, cpuMs: Number.NaN, peakMb: Number.NaN, slowed: false, failed: 'dead' }
  }
  return {
    ...waits,
    cpuMs: cpu - before,
    peakMb: memory(target.pid).peak,
    slowed: late && cpu - before < SLOWED_CPU_MS_MAX,
    failed: busy || (late && cpu - before >= SLOWED_CPU_MS_MAX) ? 'cut' : undefined,
  }
}

function logIn(service: Attack['service'], account: string): string {
  if (service === 'smtp') return ''
  return service === 'imap'
    ? `l LOGIN ${account} ${PASSWORD}\r\n`
    : `USER ${account}\r\nPASS ${PASSWORD}\r\n`
}

/** Sends it all, reading what comes, until the server closes. */
async function play(port: number, script: Script): Promise<'closed' | 'cut'> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => {})
  const closed = new Promise<'closed'>((resolve) => socket.once('close', () => resolve('closed')))
  const over = AbortSignal.timeout(ATTACK_MS_MAX)
  const cut = once(over, 'abort').then(() => 'cut' as const)
  // The SMTP server takes it ill when a client speaks first.
  await Promise.race([once(socket, 'data').catch(() => {}), closed, cut])
  socket.resume()
  socket.on('data', () => {})
  for (const piece of script) {
    if (socket.destroyed || over.aborted) break
    if (piece.length > 0 && !socket.write(piece)) {
      await Promise.race([once(socket, 'drain').catch(() => {}), closed, cut])
    }
  }
  const end = await Promise.race([closed, cut])
  socket.destroy()
  return end
}

/** Waits until the server does nothing any more; false when it does not come to rest. */
async function settled(pid: number): Promise<boolean> {
  const endMs = performance.now() + ATTACK_MS_MAX
  for (let idle = 0; idle < 3; ) {
    if (performance.now() > endMs) return false
    const before = await cpuMs(pid).catch(() => 0)
    await new Promise((resolve) => setTimeout(resolve, 100))
    const after = await cpuMs(pid).catch(() => 0)
    // The probe itself costs a little.
    idle = after - before < 30 ? idle + 1 : 0
  }
  return true
}

/** Of all threads. */
async function cpuMs(pid: number): Promise<number> {
  const tasks = await readdir(`/proc/${pid}/task`)
  const times = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8').catch(() => '0')),
  )
  return times.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1e6, 0)
}

const heading = line([
  'attack',
  'n',
  'CPU n',
  'CPU 4n',
  'growth',
  'block 4n (work)',
  'CPU ×20',
  'block ×20 (work)',
  'peak MB',
  '',
])

function row(attack: Attack, runs: readonly Run[]) {
  const [small, large, twenty] = runs
  const exponent =
    small && large && large.cpuMs >= MEASURABLE_MS
      ? exponentOf(small.cpuMs, large.cpuMs)
      : Number.NaN
  const peak = Math.max(...runs.map((run) => run.peakMb))
  const misses = [
    exponent > EXPONENT_MAX && 'STEEP',
    Math.max(small?.workMs ?? 0, large?.workMs ?? 0) > aims.blockMs && 'BLOCK',
    (twenty?.workMs ?? 0) > aims.blockOfTwentyMs && 'BLOCK20',
    !(peak < aims.memoryMb) && 'MEMORY',
    ...runs.map((run) => run.failed?.toUpperCase()),
  ].filter((miss) => typeof miss === 'string')
  const ms = (value: number | undefined) => (value === undefined ? '-' : value.toFixed(0))
  const block = (run: Run | undefined) => (run ? `${ms(run.ms)} (${ms(run.workMs)})` : '-')
  const text = line([
    `${attack.service} ${attack.name}`,
    String(attack.size),
    ms(small?.cpuMs),
    ms(large?.cpuMs),
    Number.isNaN(exponent) ? '-' : exponent.toFixed(2),
    block(large),
    ms(twenty?.cpuMs),
    block(twenty),
    ms(peak),
    [...misses, ...(runs.some(({ slowed }) => slowed) ? ['slowed down'] : [])].join(' '),
  ])
  return { text, misses: misses.length > 0 }
}

function line(cells: readonly string[]): string {
  const [name = '', ...rest] = cells
  const widths = [7, 7, 7, 6, 15, 7, 16, 7, 0]
  return [name.padEnd(66), ...rest.map((cell, i) => cell.padStart(widths[i] ?? 0))].join(' ')
}
