// Administration on AWS: the HTTP API asks the function as it does at AWS, the first owner comes in by the link that the command line prints, and
// what takes long is done by the function that `api` wakes.

import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loginTopic } from '#shared/directory/login-topic.ts'
import { createFigureCounter } from '#shared/figures/counter.ts'
import { createFigureSender } from '#shared/figures/parts.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { eventually, firstAccounts } from '#test/support/accounts.ts'
import { standOn } from '#test/support/administration.ts'
import { allAllowances, unusedAllowances } from '#test/support/deployment/allowances.ts'
import { type HttpGateway, httpApiOf } from '#test/support/deployment/http-api.ts'
import { operate } from '#test/support/deployment/mail.ts'
import type { Deployment } from '#test/support/deployment/running-deployment.ts'
import { openQuietStoresOf, openStoresOf } from '#test/support/deployment/stores.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { must } from '#test/support/must.ts'
import { createPipeline } from '#test/support/pipeline.ts'
import { freePorts, startServer } from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { deploy, deploymentFile, describeDeployed } from './deployed.ts'

const resources = new AsyncDisposableStack()
const host = 'abc123.execute-api.eu-central-1.amazonaws.com'
const owner = 'ann@example.test'
const password = 'the secret of the first owner'
let deployment: Deployment
let http: HttpGateway
let cookie = ''

type Asked = {
  readonly body?: unknown
  readonly text?: string
  readonly headers?: { readonly [name: string]: string }
}

/** As the console asks: `GET /path`. */
async function ask(line: string, { body, text: csv, headers = {} }: Asked = {}) {
  const [method = '', path = ''] = line.split(' ')
  const response = await http.fetch(
    new Request(`https://${host}/api/v1${path}`, {
      method,
      headers: {
        'x-postwolke': '1',
        'sec-fetch-site': 'same-origin',
        ...(cookie !== '' && { cookie }),
        ...(method !== 'GET' && { 'if-match': '*' }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(csv !== undefined && { 'content-type': 'text/csv' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(csv !== undefined && { body: csv }),
    }),
  )
  const [set] = response.headers.getSetCookie()
  if (set !== undefined) cookie = set.split(';')[0] ?? ''
  const text = await response.text()
  // Tests look into whatever came.
  const told: ReturnType<typeof JSON.parse> = text === '' ? null : JSON.parse(text)
  return { status: response.status, headers: response.headers, told }
}

describeDeployed('the API on AWS', () => {
  beforeAll(async () => {
    deployment = await deploy(resources, deploymentFile({ api: 'on' }), { tasks: 0 })
    http = httpApiOf(deployment, host)
    await operate(deployment, ['domain', 'add', 'example.test'])
  })
  afterAll(() => resources.disposeAsync())

  it('has an address, and tells how the first owner is made', () => {
    const outputs = Object.assign({}, ...Object.values(deployment.outputs))
    expect(outputs.ApiUrl).toMatch(/\S/)
    expect(outputs.FirstOwner).toContain('owner link --aws')
  })

  it('serves the console as it was built, compressed and for ever', async () => {
    const get = (path: string, headers = {}) =>
      http.fetch(new Request(`https://${host}${path}`, { headers }))
    const page = await get('/', { accept: 'text/html' })
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ])
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page.headers.get('strict-transport-security')).toBe('max-age=31536000')
    const [, script = ''] = /src="([^"]+)"/.exec(await page.text()) ?? []
    const file = await get(script, { 'accept-encoding': 'br' })
    expect([file.status, file.headers.get('content-encoding')]).toEqual([200, 'br'])
    expect(file.headers.get('cache-control')).toContain('immutable')
    expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(100)
  })

  it('answers nobody, and says how it is', async () => {
    expect((await ask('GET /accounts')).status).toBe(401)
    const health = await http.fetch(new Request(`https://${host}/health/ready`))
    expect(health.status).toBe(200)
  })

  it('takes the first owner by the link of the command line', async () => {
    const { url } = JSON.parse(await operate(deployment, ['owner', 'link', '--json']))
    expect(url).toContain('/link#')
    const secret = new URL(url).hash.slice(1)
    const body = { secret, password, address: owner }
    const { status, told } = await ask('POST /invitation:accept', { body })
    expect([status, told]).toEqual([201, expect.objectContaining({ state: 'signed-in' })])
    expect(cookie).toMatch(/^__Host-postwolke=/)
    const session = await ask('GET /session')
    expect(session.status).toBe(200)
  })

  it('signs in and out with a password, from the address that the gateway says', async () => {
    expect((await ask('DELETE /session')).status).toBe(204)
    cookie = ''
    expect((await ask('POST /session', { body: { login: owner, password: 'wrong' } })).status).toBe(
      401,
    )
    const { status } = await ask('POST /session', { body: { login: owner, password } })
    expect(status).toBe(201)
    const { told } = await ask('GET /audit')
    const addresses = told.data.map((each: { from: { address: string } }) => each.from.address)
    // What the command line did has none.
    expect(new Set(addresses.filter(Boolean))).toEqual(new Set(['192.0.2.7']))
  })

  it('makes, changes and removes what an administrator does', async () => {
    const make = { address: 'bob@example.test', password: 'a secret of bob' }
    const made = await ask('POST /accounts', { body: make, headers: { 'idempotency-key': 'once' } })
    expect(made.status).toBe(201)
    const again = await ask('POST /accounts', { body: make })
    expect(again.status).toBe(409)
    const found = await ask('GET /accounts/bob@example.test')
    const change = await ask('PATCH /accounts/bob@example.test', {
      body: { quotaBytes: 1_000_000 },
      headers: { 'if-match': found.headers.get('etag') ?? '' },
    })
    expect(change.status).toBe(200)
    const changed = await ask('GET /accounts/bob@example.test')
    expect(changed.told.quotaBytes).toBe(1_000_000)
    const alias = { alias: 'all@example.test', targets: [owner, 'bob@example.test'] }
    expect((await ask('POST /aliases', { body: alias })).status).toBe(201)
    expect((await ask('GET /queue')).told.data).toEqual([])
    expect((await ask('GET /overview')).status).toBe(200)
    expect((await ask('GET /search?q=bob')).status).toBe(200)
  })

  it('tells of what was changed, to whoever asks for events from time to time', async () => {
    const first = await ask('GET /events')
    expect(first.told).toMatchObject({ events: [], reset: false })
    await ask('POST /aliases', { body: { alias: 'told@example.test', targets: [owner] } })
    await eventually('an event', async () => {
      const { told } = await ask(`GET /events?after=${first.told.last}`)
      expect(told.reset).toBe(false)
      return told.events.some(
        ({ data }: { data: { name?: string } }) => data.name === 'told@example.test',
      )
    })
    const foreign = await ask('GET /events?after=elsewhere-7')
    expect(foreign.told).toMatchObject({ events: [], reset: true })
  })

  it('counts as one machine does, by what all processes have left and the sweeper gathers', async () => {
    const { mailStore, close } = await openStoresOf(deployment, 'apiFunction', systemClock)
    resources.defer(close)
    const counter = createFigureCounter()
    const table = must(mailStore).tables.counters
    const sender = createFigureSender({ table, counter, clock: systemClock, log: silentLog })
    counter.tap({ level: 'info', fields: { times: 3 }, bound: {}, message: 'message accepted' })
    await sender.send()
    await deployment.runSchedules('1 minute')
    const { told } = await ask('GET /figures?names=accepted,queueMessages')
    const series: readonly { name: string; values: readonly (number | null)[] }[] = told.series
    const of = (name: string) =>
      series.filter((one) => one.name === name).flatMap(({ values }) => values)
    expect(of('accepted')).toContain(3)
    expect(of('queueMessages')).toContain(0)
  })

  it('estimates what the month costs at list prices, of what it costs at rest and of what was counted', async () => {
    const { told } = await ask('GET /usage')
    expect(told.cost).toMatchObject({
      currency: 'USD',
      origin: { kind: 'list-prices', listed: 'us-east-1', region: expect.stringMatching(/^\w+-/) },
      notCounted: expect.arrayContaining(['traffic-to-clients']),
    })
    const [atRest] = told.cost.lines
    expect(atRest.what).toBe('atRest')
    // As the templates say it (IDLE_USD_PER_MONTH).
    expect(atRest.amount).toBeCloseTo((atRest.quantity * 12.34) / 730, 4)
    const usage = await operate(deployment, ['usage', '--json'])
    expect(JSON.parse(usage).cost).toMatchObject({ kind: 'estimate', origin: told.cost.origin })
  })

  it('goes by settings that were changed while it runs', async () => {
    const locked = await ask('POST /settings:change', { body: { changes: { relayhost: 'x' } } })
    expect(locked.status).toBe(409)
    const changes = { sessionIdleTime: '1h' }
    expect((await ask('POST /settings:change', { body: { changes } })).status).toBe(200)
    const { told } = await ask('GET /settings/sessionIdleTime')
    expect(told).toMatchObject({ value: '1h', origin: 'stored' })
    const before = deployment.output
    await eventually('a function that goes by it', async () => {
      await ask('GET /settings/sessionIdleTime')
      return deployment.output.slice(before.length).includes('settings changed')
    })
  })

  it('does with mail and mailboxes what an operator does', async () => {
    const { mailStore, close } = await openStoresOf(deployment, 'apiFunction', systemClock)
    resources.defer(close)
    if (mailStore === undefined) throw new Error('no store for mail')
    const { accept, backend } = createPipeline(mailStore, systemClock)
    const message = 'Subject: x\r\n\r\nHello\r\n'
    const put = (held: string) => accept(message, [owner], { held })
    const bob = must(await backend.directory.accounts.get(must(parseAddress('bob@example.test'))))
    const inbox = await backend.mailbox.inbox(bob.id)
    expect(inbox).toBeDefined()
    // Somebody who is logged in somewhere is told that it is over.
    const heard = await mailStore.signals.subscribe(loginTopic(bob.id), () => {})
    resources.defer(() => heard.close())
    const came = await accept(message, ['bob@example.test'])
    await eventually('mail of bob', async () => (await ask(`GET /queue/${came}`)).status === 404)
    const [free, gone, many] = [await put('infected: a'), await put('infected: b'), await put('x')]
    expect((await ask(`POST /quarantine/${free}:release`, { body: {} })).status).toBe(200)
    expect((await ask(`DELETE /quarantine/${gone}`)).status).toBe(204)
    expect((await ask('POST /queue:flush', { body: {} })).status).toBe(200)
    const all = await ask('POST /queue:changeAll', { body: { verb: 'release', filter: {} } })
    expect(all.status).toBe(202)
    const rows = 'address,password_hash\nnew@example.test,{CRYPT}9J4sZ/8wapFiA\n'
    const imported = await ask('POST /imports?what=accounts', { text: rows })
    expect(imported.status).toBe(202)
    // Whoever is woken may take longer than a machine with other work lets it.
    const ended = async (path: string | null) => {
      await deployment.runSchedules('2 minutes')
      await eventually(`the end of ${path}`, async () => {
        const { told } = await ask(`GET ${path?.replace('/api/v1', '')}`)
        return told.state === 'done'
      })
    }
    await ended(all.headers.get('location'))
    await ended(imported.headers.get('location'))
    await eventually('its way', async () => (await ask(`GET /queue/${many}`)).status === 404)
    const undone = await ask(`POST /imports/${imported.told.id}:undo`)
    await ended(undone.headers.get('location'))
    await ask('PUT /accounts/bob@example.test/password', { body: { password: 'another of bob' } })
    expect((await ask('DELETE /accounts/bob@example.test')).status).toBeLessThan(300)
  })

  it('leaves to the function jobs what takes long, and wakes it', async () => {
    const before = deployment.function('jobsFunction').invocations
    const begun = await ask('POST /exports', { body: { what: 'accounts' } })
    expect([begun.status, begun.headers.get('location')]).toEqual([
      202,
      expect.stringContaining('/jobs/'),
    ])
    await eventually('a job that is done', async () => {
      const { told } = await ask(`GET ${begun.headers.get('location')?.replace('/api/v1', '')}`)
      return told.state === 'done'
    })
    expect(deployment.function('jobsFunction').invocations).toBeGreaterThan(before)
    await deployment.runSchedules('2 minutes')
    await deployment.runSchedules('1 hour')
  })

  it('exports a mailbox into the bucket, and leads whoever has it there', async () => {
    const { mailStore, close } = await openStoresOf(deployment, 'apiFunction', systemClock)
    resources.defer(close)
    const { accept } = createPipeline(must(mailStore), systemClock)
    const came = await accept('Subject: to take along\r\n\r\nHello\r\n', [owner])
    await eventually('mail of ann', async () => (await ask(`GET /queue/${came}`)).status === 404)
    const path = `/accounts/${owner}/exports`
    const begun = await ask(`POST ${path}`, { body: { format: 'mbox' } })
    expect(begun.status).toBe(202)
    const list = async () => (await ask(`GET ${path}`)).told.data
    await deployment.runSchedules('2 minutes')
    await eventually('an export', async () => (await list())[0].job.state === 'done')
    const [{ job, volumes }] = await list()
    expect(volumes).toMatchObject([{ number: 1 }])
    const volume = `/accounts/${owner}/exports/${job.id}/volumes/1`
    const led = await ask(`GET ${volume}`)
    expect(led.status).toBe(302)
    const link = must(led.headers.get('location'))
    const fetched = await fetch(link, { headers: { range: 'bytes=0-3' } })
    expect([fetched.status, await fetched.text()]).toEqual([206, 'PK\x03\x04'])
    const { searchParams } = new URL(link)
    expect(searchParams.get('X-Amz-Expires')).toBe('300')
    const disposition = searchParams.get('response-content-disposition')
    expect(disposition).toMatch(/^attachment; filename="mail-ann@example.test-.*-1.zip"$/)
    expect((await ask(`DELETE ${path}/${job.id}`)).status).toBe(204)
    expect((await ask(`GET ${volume}`)).status).toBe(404)
    await deployment.runSchedules('1 hour')
    expect((await fetch(link)).status).toBe(404)
  })

  it('brings mail of another server, and compares it, by the function jobs', async () => {
    const folder = resources.use(await temporaryFolder()).path
    const set = ['disablePlaintextAuth=loopback-allowed', 'appendSizeLimit=20MB']
    const old = resources.use(await startServer(folder, await freePorts(), set))
    const { alice: from } = firstAccounts(old)
    const client = await ImapClient.connect(old.ports.imap)
    await client.ok(`LOGIN ${from.address} ${from.password}`)
    await client.ok('CREATE Work')
    await client.append('Work', 'Subject: one\r\n\r\none\r\n')
    await client.append('INBOX', `Subject: two\r\n\r\n${'long\r\n'.repeat(2_000_000)}`)
    client.close()
    const changes = { importNetworks: '127.0.0.1' }
    expect((await ask('POST /settings:change', { body: { changes } })).status).toBe(200)
    const body = {
      source: { kind: 'imap', host: '127.0.0.1', port: old.ports.imap, tls: 'none' },
      accounts: [{ address: owner, login: from.address, password: from.password }],
    }
    const ended = async (more: object) => {
      const begun = await ask('POST /mail-imports', { body: { ...body, ...more } })
      expect(begun.status).toBe(202)
      let last = begun.told
      await deployment.runSchedules('2 minutes')
      await eventually('its end', async () => {
        last = (await ask(`GET /jobs/${begun.told.id}`)).told
        return last.endedAt !== null
      })
      return last
    }
    // One that runs already looks at the settings from time to time.
    const brought = await eventually('a function that goes by the setting', async () => {
      const job = await ended({})
      return job.failure?.kind !== 'source-not-public' && job
    })
    expect(brought).toMatchObject({ state: 'done', done: 1, counts: { messages: 2 } })
    expect(await ended({ verify: true })).toMatchObject({ done: 1, counts: { equal: 2 } })
  })

  it('needs no more rights than the roles have', () => {
    expect(deployment.gateway.refusals()).toEqual([])
  })

  // The same stories as on one machine, by the drivers and the rights of the function.
  describe('stories', async () => {
    standOn({ open: (clock) => openQuietStoresOf(deployment, 'apiFunction', clock), sparing: 10 })
    await import('../../scenarios/api-rights.test.ts')
    await import('../../scenarios/api-properties.test.ts')
  })

  it('and its stories need no more rights', () => {
    expect(deployment.gateway.refusals()).toEqual([])
  })

  it('needs all that it has, but for what the table explains', async () => {
    const isOurs = (line: string) => /^local-api-(?:api|jobs)Role: /.test(line)
    const unused = unusedAllowances(deployment).filter(isOurs)
    const reasons = await readReasons()
    expect(unused.filter((line) => reasonOf(line, reasons) === undefined)).toEqual([])
    // What is no permission any more has no place in the table.
    const all = allAllowances(deployment)
    const stale = reasons
      .flatMap(({ allowances }) => allowances)
      .filter((part) => !all.some((line) => line.startsWith(part)))
    expect(stale).toEqual([])
  })
})

type Reason = { readonly reason: string; readonly allowances: readonly string[] }

/** Why nothing here needs it; an allowance by its beginning, before the condition. */
async function readReasons(): Promise<readonly Reason[]> {
  return JSON.parse(await readFile(new URL('unused-allowances-api.json', import.meta.url), 'utf8'))
}

const reasonOf = (line: string, reasons: readonly Reason[]) =>
  reasons.find(({ allowances }) => allowances.some((part) => line.startsWith(part)))?.reason
