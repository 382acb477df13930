// The service over HTTP: what runs and what it shows; a doctor whose findings come one by one.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Diagnose } from '#shared/administration/jobs/diagnose.ts'
import { diagnosing } from '#shared/administration/jobs/diagnose.ts'
import { createServiceSource, type Renewal } from '#shared/administration/service.ts'
import type { Machine } from '#shared/administration/status.ts'
import { createJobRunner } from '#shared/jobs/runner.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { type Administered, openAdministration } from '#test/support/administration.ts'
import { openApi, owner, type TestApi } from '#test/support/api.ts'

const DAY_MS = 86_400_000
let world: Administered
let api: TestApi
let renewal: Renewal = { kind: 'kept' }
let renewals = 0

const machine: Machine = {
  server: async () => ({
    ...{ pid: 7, started: '2026-11-29T10:00:00.000Z', version: '1.2.3', certificateFile: 'c.pem' },
    listeners: [{ name: 'smtp', address: '::', port: 25 }],
  }),
  disk: async () => ({ freeBytes: 40, bytes: 100 }),
  certificate: async () => ({
    ...{ kind: 'readable', file: 'c.pem', issuer: 'CN=Authority', expiresMs: 90 * DAY_MS },
    ...{ names: 'DNS:mx.example.test, DNS:mta-sts.example.test', daysLeft: 30 },
  }),
}

beforeAll(async () => {
  world = await openAdministration()
  const { backend } = world.pipeline
  api = openApi(backend, {
    service: createServiceSource({
      ...{ version: '1.2.3', machine, streams: true, operator: backend.operator },
      isAcme: () => true,
      async renewCertificate() {
        renewals++
        return renewal
      },
    }),
  })
})
afterAll(() => world[Symbol.asyncDispose]())

describe('the service', () => {
  it('tells what runs, listens and is shown, and what is measured', async () => {
    const { body } = await api.ask('GET /service')
    expect(body).toMatchObject({
      ...{ version: '1.2.3', pid: 7, startedAt: '2026-11-29T10:00:00.000Z' },
      listeners: [{ name: 'smtp', address: '::', port: 25 }],
      certificates: [
        {
          ...{ keptBy: 'acme', issuer: 'CN=Authority', daysLeft: 30, problem: null },
          names: ['DNS:mx.example.test', 'DNS:mta-sts.example.test'],
          expiresAt: '1970-04-01T00:00:00.000Z',
        },
      ],
      disk: { freeBytes: 40, bytes: 100, isReadOnly: false },
      queue: { incoming: 0, waiting: 0, held: 0 },
      events: { transports: ['stream', 'after'] },
      usage: { measured: ['storage'], storageBytes: 60 },
    })
  })

  it('says that it does not know where it is no machine', async () => {
    const { body } = await openApi(world.pipeline.backend).ask('GET /service')
    expect(body).toMatchObject({ pid: null, disk: null, certificates: [] })
    expect(body.usage).toEqual({ measured: [], storageBytes: null })
  })

  it('renews its certificate when asked, not in a dry run, and only where it gets one itself', async () => {
    renewal = { kind: 'failed', reason: 'the authority said no' }
    const rehearsed = await api.ask('POST /service:renewCertificate?dryRun=true', {})
    expect(rehearsed.body.result).toEqual({ result: 'not-tried', reason: null })
    expect(renewals).toBe(0)
    const { status, body } = await api.ask('POST /service:renewCertificate', {})
    expect({ status, body }).toEqual({
      status: 200,
      body: { result: 'failed', reason: 'the authority said no' },
    })
    const elsewhere = openApi(world.pipeline.backend)
    expect(await elsewhere.ask('POST /service:renewCertificate', {})).toMatchObject({
      status: 409,
      body: { code: 'not-kept-here' },
    })
  })

  it('is shown to an auditor, who changes nothing', async () => {
    const as = { ...owner, role: 'auditor' } as const
    expect((await api.ask('GET /service', undefined, { as })).status).toBe(200)
    expect((await api.ask('POST /doctor', {}, { as })).status).toBe(403)
    expect((await api.ask('POST /service:renewCertificate', {}, { as })).status).toBe(403)
  })
})

describe('the usage', () => {
  it('says what a month costs as it is set, to the millionth, and how it is set where it is not', async () => {
    expect((await api.ask('GET /usage')).body).toMatchObject({
      ...{ cost: null, noCost: 'not-set', storedBytes: 0 },
      counts: { accepted: 0, acceptedBytes: 0 },
    })
    await using set = await openAdministration(['monthlyCost=30 EUR'])
    const { body } = await openApi(set.pipeline.backend).ask('GET /usage')
    expect(body).toMatchObject({
      noCost: null,
      cost: { currency: 'EUR', origin: { kind: 'setting' }, soFar: 0, notCounted: [] },
    })
    expect(body.cost.projected).toBeGreaterThan(0)
    expect(body.cost.projected).toBeLessThanOrEqual(30)
    const as = { ...owner, role: 'domain-admin' } as const
    expect((await api.ask('GET /usage', undefined, { as })).status).toBe(403)
  })
})

describe('the doctor', () => {
  it('finds one thing after the other, and goes on where it was stopped', async () => {
    expect((await api.ask('GET /doctor')).body).toEqual({ job: null, findings: [] })
    const stopping = new AbortController()
    let isFirstRun = true
    const { backend } = world.pipeline
    async function* diagnose(): ReturnType<Diagnose> {
      if (isFirstRun) stopping.abort()
      isFirstRun = false
      yield { check: 'clock', of: '', state: 'ok', found: 'right' }
      yield { check: 'name', of: 'mx', state: 'bad', found: 'x'.repeat(9_000), next: 'mend it' }
    }
    const work = (signal: AbortSignal) =>
      createJobRunner({
        table: backend.store.tables.counters,
        kinds: new Map([['doctor', diagnosing({ diagnose })]]),
        clock: world.clock,
        log: silentLog,
        onChange: () => {},
      }).run({ signal })
    const begun = await api.ask('POST /doctor', {})
    expect(begun).toMatchObject({ status: 202, body: { kind: 'doctor', state: 'waiting' } })
    const again = await api.ask('POST /doctor', {})
    expect(again.body.id).toBe(begun.body.id)
    world.clock.advance(1_000)
    await work(stopping.signal)
    const half = await api.ask('GET /doctor')
    expect(half.body.job.state).not.toBe('done')
    expect(half.body.findings).toHaveLength(1)
    world.clock.advance(10 * 60_000)
    await work(new AbortController().signal)
    const { body } = await api.ask('GET /doctor')
    expect(body.job).toMatchObject({ state: 'done', done: 2, counts: { ok: 1, bad: 1 } })
    expect(body.findings).toMatchObject([
      { check: 'clock', state: 'ok' },
      { check: 'name', state: 'bad', next: 'mend it' },
    ])
    expect(body.findings[1].found).toHaveLength(2_000)
  })
})
