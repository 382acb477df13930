import { describe, expect, it } from 'vitest'
import { createOverview, findingsOf, type OverviewFacts } from '#shared/administration/overview.ts'
import type { FigureAnswer } from '#shared/figures/series.ts'

const quiet: OverviewFacts = {
  disk: { freeBytes: 50, bytes: 100 },
  certificate: {
    kind: 'readable',
    file: 'c.pem',
    names: 'DNS:mx.test',
    issuer: 'CN=Authority',
    expiresMs: 0,
    daysLeft: 60,
  },
  queue: new Map([['queueAge/max', 60]]),
  ...{ errors: 0, logins: 10, loginFailures: 5, failedJobs: [] },
}

const kinds = (facts: Partial<OverviewFacts>) =>
  findingsOf({ ...quiet, ...facts }).map(({ kind, look }) => `${kind} ${look}`)

describe('findings', () => {
  it('say why a job failed as a value, for whoever reads another language', () => {
    const failure = { kind: 'wrong-rows', count: 3 } as const
    const failedJobs = [{ id: 'j1' as never, kind: 'import', reason: 'rows …', failure }]
    expect(findingsOf({ ...quiet, failedJobs })[0]?.facts).toEqual({
      ...{ job: 'import', reason: 'rows …', failure: 'wrong-rows', count: 3 },
    })
  })

  it('are none where nothing is', () => {
    expect(kinds({})).toEqual([])
    expect(kinds({ disk: undefined, certificate: undefined })).toEqual([])
  })

  it.each<[string, Partial<OverviewFacts>, readonly string[]]>([
    ['a disk that fills', { disk: { freeBytes: 9, bytes: 100 } }, ['disk-low warn']],
    ['one that is nearly full', { disk: { freeBytes: 2, bytes: 100 } }, ['disk-low bad']],
    ['a full disk', { isFull: true }, ['disk-full bad']],
    [
      'a disk that cannot be written to',
      { isFull: true, disk: { freeBytes: 0, bytes: 100, isReadOnly: true } },
      ['disk-read-only bad'],
    ],
    ['a certificate to renew', { certificate: certificateOf(10) }, ['certificate-expires warn']],
    ['one that ran out', { certificate: certificateOf(-1) }, ['certificate-expired bad']],
    [
      'one for another host',
      { certificate: { ...certificateOf(60), missing: 'mx.test' } },
      ['certificate-name bad'],
    ],
    [
      'one without a use',
      { certificate: { kind: 'unreadable', file: 'c' } },
      ['certificate-unreadable bad'],
    ],
    ['old mail', { queue: new Map([['queueAge/max', 5 * 3_600]]) }, ['queue-old warn']],
    ['held mail', { queue: new Map([['queueMessages/held', 2]]) }, ['queue-held warn']],
    ['errors', { errors: 1 }, ['log-errors bad']],
    ['somebody who guesses', { loginFailures: 60 }, ['login-failures warn']],
    ['many logins of which some fail', { loginFailures: 60, logins: 40 }, []],
    [
      'a job',
      { failedJobs: [{ id: 'j1' as never, kind: 'import', reason: 'x', failure: null }] },
      ['job-failed warn'],
    ],
    [
      'several, the gravest first',
      { errors: 1, queue: new Map([['queueMessages/held', 2]]) },
      ['log-errors bad', 'queue-held warn'],
    ],
  ])('tell of %s', (_, facts, wanted) => {
    expect(kinds(facts)).toEqual(wanted)
  })

  it('lead to where something is done about them', async () => {
    const figures = {
      read: async (): Promise<FigureAnswer> => ({ fromMs: 0, stepMs: 1, series: [] }),
    }
    const overview = createOverview({
      machine: async () => ({ disk: { freeBytes: 1, bytes: 100 }, certificate: undefined }),
      queue: async () =>
        new Map([
          ['queueMessages/waiting', 3],
          ['queueAge/max', 10],
        ]),
      figures,
      jobs: { page: async () => ({ items: [] }) },
      clock: { now: () => 100_000 },
    })
    const { findings, queue } = await overview.read()
    expect(findings.map(({ href }) => href)).toEqual(['/service'])
    expect(queue).toEqual({ messages: 3, oldestMs: 90_000 })
  })
})

function certificateOf(daysLeft: number) {
  return {
    kind: 'readable',
    file: 'c.pem',
    names: 'x',
    issuer: '',
    expiresMs: 0,
    daysLeft,
  } as const
}
