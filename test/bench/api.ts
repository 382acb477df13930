// `npm run bench -- api [accounts]`: the API over HTTP on the embedded store: accounts made in bulk with hashes given, and then requests a second
// and the 99th percentile of what one waits for, for a list, one account and a change. Asked by a process of its own, with keep-alive.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { createBackend } from '#services/assembly/backend.ts'
import { openHttpServer } from '#services/http/server.ts'
import { createSite } from '#services/http/site.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { openApi } from '#test/support/api.ts'
import { printTable } from './table.ts'

const BULK_ROWS = 1_000
const REQUESTS = 2_000
const CONNECTIONS = 8
/** crypt(3) of `a`: no work. */
const HASH = '9J4sZ/8wapFiA'

type Measured = { readonly perSecond: number; readonly p50: number; readonly p99: number }
type Work = { readonly port: number; readonly name: string; readonly accounts: number }

const self = fileURLToPath(import.meta.url)

export async function benchApi(given = '10000'): Promise<void> {
  const accounts = Number(given)
  const directory = await mkdtemp(join(tmpdir(), 'postwolke-bench-'))
  const loaded = loadSettings({ environment: {}, overrides: ['hostname=mx.bench.test'] })
  if (loaded.kind !== 'ok') throw new Error('settings')
  const store = await openEmbeddedStore({ directory })
  const backend = createBackend({
    store,
    settings: loaded.settings,
    clock: systemClock,
    log: silentLog,
  })
  const api = openApi(backend)
  const server = await openHttpServer({
    addresses: ['127.0.0.1'],
    port: 0,
    tls: undefined,
    answer: createSite({
      parts: [{ name: 'api', over: 'private', handler: (asked) => api.fetch(asked) }],
      httpsPort: undefined,
      log: silentLog,
    }),
    limits: { clientConnectionCountLimit: 100 },
    clock: systemClock,
    log: silentLog,
  })
  const port = server.at[0]?.port ?? 0
  const asker = fork(self, ['asker'])
  try {
    await backend.directory.domains.add(parseDomain('bench.test') ?? failed())
    const rows: (readonly string[])[] = []
    for (const name of ['bulk', 'list 100', 'get', 'change']) {
      asker.send({ port, name, accounts } satisfies Work)
      const [measured] = (await once(asker, 'message')) as [Measured]
      const { perSecond, p50, p99 } = measured
      rows.push([name, perSecond.toFixed(0), p50.toFixed(1), p99.toFixed(1)])
      if (name === 'bulk') {
        console.log(`${accounts} accounts in ${(accounts / perSecond).toFixed(1)} s`)
      }
    }
    printTable(['', 'a second', 'p50 ms', 'p99 ms'], rows)
  } finally {
    asker.kill()
    await server.close()
    await store[Symbol.asyncDispose]()
    await rm(directory, { recursive: true })
  }
}

const failed = (): never => {
  throw new Error('no domain')
}

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })

async function ask(port: number, method: string, path: string, body?: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json', 'if-match': '*' }
  const asked = request({ host: '127.0.0.1', port, method, path: `/api/v1${path}`, headers, agent })
  asked.end(body === undefined ? undefined : JSON.stringify(body))
  const [response] = await once(asked, 'response')
  const told = await text(response)
  if (response.statusCode >= 400) throw new Error(told)
}

const addressOf = (n: number) => `user${n}@bench.test`

async function measure({ port, name, accounts }: Work): Promise<Measured> {
  const pick = (n: number) => addressOf((n * 7_919) % accounts)
  const bulk = (n: number) => {
    const rows = Array.from({ length: BULK_ROWS }, (_, i) => ({
      op: 'create',
      address: addressOf(n * BULK_ROWS + i),
      passwordHash: HASH,
    }))
    return ask(port, 'POST', '/accounts:bulk', { rows })
  }
  const works: { readonly [name: string]: (n: number) => Promise<void> } = {
    bulk,
    'list 100': () => ask(port, 'GET', '/accounts?limit=100'),
    get: (n) => ask(port, 'GET', `/accounts/${pick(n)}`),
    change: (n) => ask(port, 'PATCH', `/accounts/${pick(n)}`, { quotaBytes: 1_000_000 + n }),
  }
  const work = works[name] ?? failed
  const isBulk = name === 'bulk'
  const count = isBulk ? Math.ceil(accounts / BULK_ROWS) : name === 'get' ? REQUESTS : REQUESTS / 4
  const waits: number[] = []
  let next = 0
  const began = performance.now()
  const walk = async () => {
    for (let n = next++; n < count; n = next++) {
      const start = performance.now()
      await work(n)
      waits.push(performance.now() - start)
    }
  }
  await Promise.all(Array.from({ length: isBulk ? 1 : CONNECTIONS }, walk))
  const seconds = (performance.now() - began) / 1_000
  waits.sort((a, b) => a - b)
  const at = (share: number) =>
    waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0
  const done = isBulk ? accounts : count
  return { perSecond: done / seconds, p50: at(0.5), p99: at(0.99) }
}

if (process.argv[2] === 'asker' && process.send !== undefined) {
  process.on('message', (work: Work) => void measure(work).then((told) => process.send?.(told)))
}
