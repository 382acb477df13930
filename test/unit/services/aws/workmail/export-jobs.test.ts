// Exports of an organization's mailboxes, before a server that has the limits of WorkMail.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exportJobs } from '#services/aws/workmail/export-api.ts'
import { exportStates } from '#shared/administration/moving/export-states.ts'
import {
  LIMITED_MAX,
  type MailboxExport,
  newExport,
  ONE_DAY_MS,
  renewed,
  stepExports,
} from '#shared/moving/workmail/export-jobs.ts'
import { testCredentials } from '#test/support/aws/signature.ts'
import { organization } from '#test/support/aws/workmail-organization.ts'
import {
  JOBS_AT_ONCE_MAX,
  startWorkMail,
  type WorkMailServer,
} from '#test/support/aws/workmail-server.ts'
import { manualClock } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const people = Array.from({ length: JOBS_AT_ONCE_MAX + 2 }, (_, i) => `person-${i}`)
const many = {
  ...organization,
  users: people.map((Id) => ({ Id, Name: Id, State: 'ENABLED', Email: `${Id}@moving.test` })),
}
const target = {
  roleArn: 'arn:aws:iam::123456789012:role/export',
  kmsKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/k',
  bucket: 'exports',
  prefix: 'moving',
}

let server: WorkMailServer
let nowMs: number
let kept: MailboxExport[]

beforeEach(async () => {
  nowMs = Date.parse('2026-12-01T00:00:00Z')
  kept = []
  server = await startWorkMail(many, { now: () => nowMs })
})
afterEach(() => server[Symbol.asyncDispose]())

function step(exports: readonly MailboxExport[], keep?: (one: MailboxExport) => Promise<void>) {
  const { endpoint } = server
  const options = { region: 'eu-west-1', endpoint, credentials: testCredentials }
  const jobs = exportJobs(options, many.id)
  return stepExports(exports, {
    ...{ jobs, target, organizationId: many.id, nowMs },
    keep: keep ?? (async (one) => void kept.push(one)),
  })
}

const all = () => people.map((id) => newExport(id, `${id}@moving.test`))
const statesOf = (exports: readonly MailboxExport[]) => exports.map(({ state }) => state)
const end = (State: 'COMPLETED' | 'FAILED', more: object = {}) => {
  for (const job of server.jobs.values()) Object.assign(job, { State, ...more })
}

describe('exports', () => {
  it('are begun ten at once, and the others when these are over', async () => {
    const first = await step(all())
    expect(statesOf(first)).toEqual([...Array(10).fill('running'), 'waiting', 'waiting'])
    expect(server.jobs.size).toBe(10)
    expect(kept).toHaveLength(10)
    const same = await step(first)
    expect(statesOf(same)).toEqual(statesOf(first))
    expect(server.calls.filter((name) => name === 'StartMailboxExportJob')).toHaveLength(10)
    end('COMPLETED', { S3Path: 'moving/job.zip' })
    const second = await step(same)
    expect(statesOf(second)).toEqual([...Array(10).fill('done'), 'running', 'running'])
    expect(second[0]?.path).toBe('moving/job.zip')
  })

  it('are told how far they are, and why one failed', async () => {
    const first = await step(all().slice(0, 1))
    for (const job of server.jobs.values()) job.EstimatedProgress = 40
    expect(await step(first)).toMatchObject([{ state: 'running', progress: 40 }])
    end('FAILED', { ErrorInfo: 'the key is disabled' })
    expect(await step(first)).toMatchObject([{ state: 'failed', why: 'the key is disabled' }])
  })

  it('of one mailbox are a day apart', async () => {
    const first = await step(all().slice(0, 1))
    end('COMPLETED')
    const again = (await step(first)).map(renewed)
    nowMs += ONE_DAY_MS - 1
    expect(statesOf(await step(again))).toEqual(['waiting'])
    expect(server.calls.filter((name) => name === 'StartMailboxExportJob')).toHaveLength(1)
    nowMs += 1
    expect(await step(again)).toMatchObject([{ state: 'running', attempt: 2 }])
    expect(server.jobs.size).toBe(2)
  })

  it('wait where others have begun as many as there may be, of whom not all are asked about', async () => {
    await step(all().slice(0, 10))
    const again = all()
      .slice(0, 8)
      .map((one) => ({ ...one, attempt: 7 }))
    const before = server.calls.length
    const others = await step([...all().slice(10), ...again])
    expect(others.every(({ state }) => state === 'waiting')).toBe(true)
    expect(others.map(({ why }) => why !== null).filter(Boolean)).toHaveLength(LIMITED_MAX)
    // Each twice, since the SDK takes it for haste.
    expect(server.calls.length - before).toBe(2 * LIMITED_MAX)
    end('COMPLETED')
    expect(statesOf(await step(others.slice(0, 2)))).toEqual(['running', 'running'])
  })

  it('of one that was exported today by somebody else keep no other waiting', async () => {
    await step(all().slice(0, 1))
    const exports = await step(
      all()
        .slice(0, 2)
        .map((one) => ({ ...one, attempt: 7 })),
    )
    expect(statesOf(exports)).toEqual(['waiting', 'running'])
  })

  it('are not begun twice where it was not kept that they were begun', async () => {
    const died = async () => {
      throw new Error('died')
    }
    await expect(step(all().slice(0, 1), died)).rejects.toThrow('died')
    const again = await step(all().slice(0, 1))
    expect(server.jobs.size).toBe(1)
    expect(again[0]?.jobId).toBe([...server.jobs.keys()][0])
  })

  it('say of one whom WorkMail does not know, and go on with the next', async () => {
    const exports = await step([newExport('nobody', 'nobody@moving.test'), ...all().slice(0, 1)])
    expect(exports).toMatchObject([
      { state: 'failed', why: expect.stringContaining('EntityNotFoundException') },
      { state: 'running' },
    ])
  })

  it('are kept in the store as they are', async () => {
    const { store, close } = await openEmbedded({ clock: manualClock() })
    const states = exportStates(store.tables.counters, many.id, { now: () => nowMs })
    const [fresh, ...started] = await step(all().slice(0, 3))
    const before = [newExport('a', 'a@moving.test'), ...(fresh ? [fresh] : []), ...started]
    for (const one of before) await states.keep(one)
    expect(await states.list()).toEqual(before.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
    await close()
  })
})
