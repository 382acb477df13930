// `npm run bench -- outbound [rounds]`: mail that leaves, beside Debian's Postfix in one run, rounds in turn (root, postfix and a name
// server of our own at port 53 of a loopback address). Both have the same domains, the same sinks and the same limits; messages per second
// count from the first byte given to the server to the last 250 of a sink, CPU of all its processes.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '#shared/runtime/clock.ts'
import { commandLine } from '#test/support/command-line.ts'
import { type DnsZone, startDnsServer } from '#test/support/dns-server.ts'
import { hasPostfixWithDns, startPostfix } from '#test/support/postfix.ts'
import { freePort } from '#test/support/server-process.ts'
import { messageBody, sendLoad } from '#test/support/smtp-load.ts'
import { scratch, startOurs } from '../servers.ts'
import { median, printTable, spread } from '../table.ts'
import { cpuOfFamily } from './family.ts'

const NAME_SERVER = '127.53.7.7'
const DOMAINS = 1_000
const SESSIONS = 10
/** What nobody answers must end soon, for both. */
const HELO_TIMEOUT_S = 5
/** A round that does not end is a mistake, not a result. */
const ROUND_MAX_MS = 120_000

type Load = {
  readonly name: string
  readonly bytes: number
  readonly messages: number
  readonly domains: number
  /** Every n-th domain never greets; 0: none. */
  readonly deadEvery: number
}

const loads: readonly Load[] = [
  { name: '4 KB, one destination', bytes: 4_096, messages: 3_000, domains: 1, deadEvery: 0 },
  { name: '50 KB, one destination', bytes: 51_200, messages: 1_000, domains: 1, deadEvery: 0 },
  {
    name: '4 KB, 1,000 destinations',
    bytes: 4_096,
    messages: 3_000,
    domains: DOMAINS,
    deadEvery: 0,
  },
  {
    name: '4 KB, 1,000 destinations, 20 % dead',
    bytes: 4_096,
    messages: 3_000,
    domains: DOMAINS,
    deadEvery: 5,
  },
]
const LETTERS = 200

type Server = {
  readonly name: string
  readonly port: number
  readonly pid: number
}

type Row = { readonly perSecond: number; readonly cpuPerThousand: number }

export async function benchOutbound(given = '3'): Promise<void> {
  if (!(await hasPostfixWithDns())) throw new Error('outbound needs root, postfix and unshare')
  const rounds = Number(given)
  await using resources = new AsyncDisposableStack()
  const parent = await mkdtemp(join(tmpdir(), 'postwolke-bench-'))
  // Postfix's programs read their folder as another user.
  await chmod(parent, 0o755)
  resources.defer(() => rm(parent, { recursive: true }))
  const sink = resources.use(await startSink())
  const silent = resources.use(await startSilent())
  await startNames(resources)
  const map = transports(sink.port, silent.port)
  const ours = await openOurs(await scratch(parent, 'ours'), map, resources)
  const postfix = await openPostfix(await scratch(parent, 'postfix'), map, resources)
  const rows: string[][] = []
  for (const load of loads) {
    const measured = new Map<Server, Row[]>([
      [postfix, []],
      [ours, []],
    ])
    for (const [server] of measured) await send(server, sink, { ...load, messages: 200 })
    for (let round = 0; round < rounds; round++) {
      for (const [server, all] of measured) all.push(await send(server, sink, load))
    }
    const theirs = measured.get(postfix) ?? []
    for (const [server, all] of measured) {
      const ratios = all.map(({ perSecond }, i) => perSecond / (theirs[i]?.perSecond ?? 1))
      rows.push([
        load.name,
        server.name,
        spread(all.map(({ perSecond }) => perSecond)),
        spread(
          all.map(({ cpuPerThousand }) => cpuPerThousand),
          2,
        ),
        server === ours ? spread(ratios, 2) : '',
      ])
    }
  }
  printTable(['case', 'server', 'delivered/s', 'CPU s per 1000', 'ours : Postfix'], rows)
  for (const server of [postfix, ours]) {
    const times = await letters(server, sink)
    console.log(
      `${server.name}: one letter at a time, from its first byte to the 250 of the sink: median ${median(times).toFixed(1)} ms, 99 % within ${percentile(times, 0.99).toFixed(1)} ms`,
    )
  }
}

async function send(server: Server, sink: Sink, load: Load): Promise<Row> {
  const before = sink.received()
  const cpu = await cpuOfFamily(server.pid)
  const start = performance.now()
  let sent = 0
  let healthy = 0
  await Promise.all(
    Array.from({ length: SESSIONS }, () =>
      sendLoad({
        port: server.port,
        next() {
          if (sent === load.messages) return undefined
          const n = sent++
          const domain = n % load.domains
          const isDead = load.deadEvery > 0 && domain % load.deadEvery === 0
          const name = isDead ? `dead${domain}.test` : `d${domain}.test`
          if (!isDead) healthy++
          const token = `bench-${server.name}-${Math.round(start)}-${n}`
          return {
            message: { token, recipients: [`user@${name}`] },
            body: messageBody(token, load.bytes),
          }
        },
        accepted: () => {},
      }),
    ),
  )
  await untilReceived(sink, before + healthy)
  const ms = performance.now() - start
  return {
    perSecond: (healthy / ms) * 1_000,
    cpuPerThousand: (((await cpuOfFamily(server.pid)) - cpu) / healthy) * 1_000,
  }
}

async function letters(server: Server, sink: Sink): Promise<readonly number[]> {
  const times: number[] = []
  for (let n = 0; n < LETTERS; n++) {
    const before = sink.received()
    const start = performance.now()
    const token = `letter-${server.name}-${n}`
    let given = false
    await sendLoad({
      port: server.port,
      next() {
        if (given) return undefined
        given = true
        return { message: { token, recipients: ['user@d0.test'] }, body: messageBody(token, 4_096) }
      },
      accepted: () => {},
    })
    await untilReceived(sink, before + 1)
    times.push(performance.now() - start)
  }
  return times
}

async function untilReceived(sink: Sink, count: number): Promise<void> {
  const endMs = performance.now() + ROUND_MAX_MS
  while (sink.received() < count) {
    if (performance.now() > endMs) throw new Error(`${sink.received()} of ${count} received`)
    await systemClock.sleep(2)
  }
}

const percentile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? Number.NaN

type Sink = Awaited<ReturnType<typeof startSink>>

async function startSink() {
  const child = fork(fileURLToPath(new URL('sink.ts', import.meta.url)))
  let received = 0
  const [first] = await once(child, 'message')
  child.on('message', (told) => {
    if (typeof told === 'object' && 'received' in told) received = Number(told.received)
  })
  return {
    port: Number(first.port),
    received: () => received,
    async [Symbol.asyncDispose]() {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

/** Takes connections and says nothing. */
async function startSilent() {
  const server = createServer((socket) => socket.on('error', () => {}).resume())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}

async function startNames(resources: AsyncDisposableStack): Promise<void> {
  const zone: Record<string, DnsZone[string]> = {}
  for (let n = 0; n < DOMAINS; n++) {
    for (const name of [`d${n}.test`, `dead${n}.test`]) {
      zone[name] = { mx: [`10 mx.${name}`] }
      zone[`mx.${name}`] = { a: ['127.0.0.1'] }
    }
  }
  resources.use(await startDnsServer(zone, { host: NAME_SERVER, port: 53 }))
}

/** By name and port, so that each domain is a destination of its own. */
function transports(sinkPort: number, silentPort: number): string {
  const lines = Array.from(
    { length: DOMAINS },
    (_, n) =>
      `d${n}.test smtp:d${n}.test:${sinkPort}\ndead${n}.test smtp:dead${n}.test:${silentPort}\n`,
  )
  return lines.join('')
}

async function openOurs(
  directory: string,
  map: string,
  resources: AsyncDisposableStack,
): Promise<Server> {
  const server = await startOurs(directory, [
    'mynetworks=127.0.0.0/8',
    'transportMaps=table:transport',
    'privateDestinationNetworks=127.0.0.0/8',
    `dnsServers=${NAME_SERVER}`,
    `smtpHeloTimeout=${HELO_TIMEOUT_S}s`,
  ])
  resources.defer(() => server.stop())
  const file = join(directory, '..', 'transport')
  await writeFile(file, map)
  const { code, stderr } = await commandLine([
    'access',
    'import',
    'transport',
    file,
    '--any-result',
    '--data',
    directory,
  ])
  if (code !== 0) throw new Error(stderr)
  return { name: 'ours', port: server.ports.smtp, pid: server.pid }
}

async function openPostfix(
  directory: string,
  map: string,
  resources: AsyncDisposableStack,
): Promise<Server> {
  const port = await freePort()
  const file = join(directory, 'transport')
  await writeFile(file, map, { mode: 0o644 })
  resources.use(
    await startPostfix(directory, [{ port, settings: {} }], {
      nameServer: NAME_SERVER,
      settings: {
        mynetworks: '127.0.0.0/8',
        smtpd_relay_restrictions: 'permit_mynetworks, reject',
        default_transport: 'smtp',
        transport_maps: `texthash:${file}`,
        smtp_helo_timeout: `${HELO_TIMEOUT_S}s`,
        in_flow_delay: '0',
        smtp_tls_security_level: 'may',
      },
    }),
  )
  const pid = Number((await readFile(join(directory, 'spool', 'pid', 'master.pid'), 'utf8')).trim())
  return { name: 'Postfix', port, pid }
}
