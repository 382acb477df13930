// Administration on AWS: the HTTP API asks the function as it does at AWS, the first owner comes in by the link that the command line prints, and
// what takes long is done by the function that `api` wakes.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '#test/support/accounts.ts'
import { standOn } from '#test/support/administration.ts'
import { unusedAllowances } from '#test/support/deployment/allowances.ts'
import { type HttpGateway, httpApiOf } from '#test/support/deployment/http-api.ts'
import { operate } from '#test/support/deployment/mail.ts'
import type { Deployment } from '#test/support/deployment/running-deployment.ts'
import { openStoresOf } from '#test/support/deployment/stores.ts'
import { deploy, deploymentFile, describeDeployed } from './deployed.ts'

const resources = new AsyncDisposableStack()
const host = 'abc123.execute-api.eu-central-1.amazonaws.com'
const owner = 'ann@example.test'
const password = 'the secret of the first owner'
let deployment: Deployment
let http: HttpGateway
let cookie = ''

type Asked = { readonly body?: unknown; readonly headers?: { readonly [name: string]: string } }

/** As the console asks: `GET /path`. */
async function ask(line: string, { body, headers = {} }: Asked = {}) {
  const [method = '', path = ''] = line.split(' ')
  const response = await http.fetch(
    new Request(`https://${host}/api/v1${path}`, {
      method,
      headers: {
        'x-postwolke': '1',
        'sec-fetch-site': 'same-origin',
        ...(cookie !== '' && { cookie }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
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
    // Nobody here counts.
    expect((await ask('GET /figures')).told.series).toEqual([])
  })

  it('tells who asks for events to look anew, and not to ask sooner', async () => {
    const first = await ask('GET /events')
    expect(first.told).toMatchObject({ events: [], reset: false })
    const next = await ask(`GET /events?after=${first.told.last}`)
    expect(next.told).toEqual({ events: [], last: first.told.last, reset: true })
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

  it('needs no more rights than the roles have', () => {
    expect(deployment.gateway.refusals()).toEqual([])
  })

  // The same stories as on one machine, by the drivers and the rights of the function.
  describe('stories', async () => {
    standOn({ open: (clock) => openStoresOf(deployment, 'apiFunction', clock), sparing: 10 })
    await import('../../scenarios/api-rights.test.ts')
    await import('../../scenarios/api-properties.test.ts')
  })

  it('and its stories need no more rights, and all of them', () => {
    expect(deployment.gateway.refusals()).toEqual([])
    const ours = unusedAllowances(deployment).filter((line) => /-(?:api|jobs)Role: /.test(line))
    expect(ours).toEqual([])
  })
})
