// `npm run bench -- policy [rounds]`: what policy costs for each recipient that a stranger names, by preset, in rounds in turn. Warm: the same
// client again; cold: another client and another sender's domain each time. CPU is measured with DNS that answers at once, what a
// client waits with a name server of its own process that takes DNS_MS.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackend } from '#services/assembly/backend.ts'
import { assemblePolicy } from '#services/assembly/policy.ts'
import type { DecidingPolicy } from '#shared/contracts/policy.ts'
import { createRecordingResolver } from '#shared/dns/recording-resolver.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import { parseAddress } from '#shared/mail/address.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { presets } from '#shared/settings/restrictions/presets.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { median, printTable, spread } from './table.ts'

const DECISIONS = 2_000
const WARM_UP = 500
const WAITS = 20
export const DNS_MS = 20

const worlds = [
  ...presets.map((preset) => ({ name: preset, set: [`policyPreset=${preset}`] })),
  { name: 'modern, no records', set: ['policyPreset=modern', 'policyRecordLifetime=0'] },
]
const kinds = ['warm', 'cold'] as const
type Kind = (typeof kinds)[number]

/** Of a world where every client has a name that leads back to it and every domain a server, and no list knows anybody. */
const atOnce: Resolver = {
  resolveMx: async (name) => ({
    kind: 'found',
    records: [{ preference: 10, exchange: `mx.${name}` }],
  }),
  resolve4: async (name) => {
    const octets = /^c-(\d+)-(\d+)\./.exec(name)
    if (/\b(?:spamhaus|spamcop|surbl|dnswl)\./.test(name)) return { kind: 'nxdomain' }
    return { kind: 'found', records: [`198.18.${octets?.[1] ?? 0}.${octets?.[2] ?? 1}`] }
  },
  resolve6: async () => ({ kind: 'none' }),
  resolveTxt: async () => ({ kind: 'none' }),
  resolveNs: async () => ({ kind: 'none' }),
  resolvePtr: async (address) => ({
    kind: 'found',
    records: [`c-${address.split('.').slice(2).join('-')}.remote.test`],
  }),
}

let asked = 0
function ask(policy: DecidingPolicy, kind: Kind) {
  const n = kind === 'warm' ? 1 : ++asked % 65_000
  const host = `c-${n >> 8}-${n & 255}.remote.test`
  return policy.recipient({
    queueId: `Q${n}` as QueueId,
    origin: {
      listener: 'smtp',
      remoteAddress: `198.18.${n >> 8}.${n & 255}`,
      remotePort: 4_711,
      helo: host,
      tls: null,
      account: null,
    },
    sender: `s@${host}`,
    declaredBytes: 4_096,
    recipientsSoFar: 0,
    finalRecipientsSoFar: 0,
    recipient: 'u@example.test',
  })
}

export async function benchPolicy(given = '3'): Promise<void> {
  await using resources = new AsyncDisposableStack()
  const parent = await mkdtemp(join(tmpdir(), 'postwolke-bench-'))
  resources.defer(() => rm(parent, { recursive: true }))
  const nameServer = fork(new URL('slow-name-server.ts', import.meta.url), [String(DNS_MS)])
  resources.defer(() => void nameServer.kill())
  const [server] = await once(nameServer, 'message')
  const opened = []
  for (const { name, set } of worlds) {
    const loaded = loadSettings({ environment: {}, overrides: [`dnsServers=${server}`, ...set] })
    if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
    const store = resources.use(await openEmbeddedStore({ directory: join(parent, name) }))
    const { settings } = loaded
    const backend = createBackend({ store, settings, clock: systemClock, log: silentLog })
    const address = parseAddress('u@example.test')
    if (address === undefined) throw new Error('address')
    await backend.directory.domains.add(address.domain)
    await backend.directory.accounts.add({ address, passwordHash: 'x' })
    const fast = assemblePolicy(backend, { openDns: () => createRecordingResolver(atOnce) })
    opened.push({
      name,
      fast,
      slow: assemblePolicy(backend),
      cpu: { warm: [] as number[], cold: [] as number[] },
    })
  }
  for (let round = 0; round < Number(given); round++) {
    for (const { fast, cpu } of opened) {
      for (const kind of kinds) cpu[kind].push(await cpuOf(fast, kind))
    }
  }
  const open = opened.find(({ name }) => name === 'open')
  const rows: string[][] = []
  for (const { name, slow, cpu } of opened) {
    for (const kind of kinds) {
      const micros = cpu[kind]
      const ratio = Math.min(...micros) / Math.min(...(open?.cpu[kind] ?? []))
      const waits = await waitsOf(slow, kind)
      rows.push([
        name,
        kind,
        spread(micros),
        (1e6 / Math.min(...micros)).toFixed(0),
        ratio.toFixed(2),
        median(waits).toFixed(1),
      ])
    }
  }
  const heading = ['preset', 'client', 'CPU µs', 'decisions/s', ': open', `ms, DNS at ${DNS_MS} ms`]
  printTable(heading, rows)
}

async function cpuOf(policy: DecidingPolicy, kind: Kind): Promise<number> {
  for (let i = 0; i < WARM_UP; i++) await ask(policy, kind)
  await policy.settle()
  const before = process.cpuUsage()
  for (let i = 0; i < DECISIONS; i++) await ask(policy, kind)
  // What is recorded behind the answers is paid for as well.
  await policy.settle()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / DECISIONS
}

async function waitsOf(policy: DecidingPolicy, kind: Kind): Promise<readonly number[]> {
  if (kind === 'warm') await ask(policy, kind)
  const waits: number[] = []
  for (let i = 0; i < WAITS; i++) {
    const start = performance.now()
    await ask(policy, kind)
    waits.push(performance.now() - start)
  }
  return waits
}
