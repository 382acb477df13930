// From sessions of one day to the reports of the next.

import { once } from 'node:events'
import { createServer } from 'node:https'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDestinations, destinationsIn } from '#services/tls-reports/destinations.ts'
import { createTlsReportRecords, type TlsReportRecords } from '#services/tls-reports/records.ts'
import { createTlsReportSending, SPREAD_MS } from '#services/tls-reports/report-sending.ts'
import { createUpload, type Upload } from '#services/tls-reports/upload.ts'
import type { AcceptedMessage, Spool, Spooled } from '#shared/contracts/spool.ts'
import type { TlsOutcome } from '#shared/contracts/tls-report.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const hostname = 'mx.example.test'
const DAY_MS = 86_400_000

describe('where reports go', () => {
  it.each([
    [['v=TLSRPTv1; rua=mailto:tls@there.test'], ['mailto tls@there.test']],
    [
      ['v=TLSRPTv1;rua=mailto:a%21b@there.test,https://r.test/v1'],
      ['mailto a!b@there.test', 'https://r.test/v1'],
    ],
    [['v=TLSRPTv1; rua=http://r.test, ftp://x, tls@there.test'], []],
    [['v=TLSRPTv1; rua=mailto:a@b.test', 'v=TLSRPTv1; rua=mailto:c@d.test'], []],
    [['v=TLSRPTv2; rua=mailto:a@b.test', 'other'], []],
    [['v=TLSRPTv1;'], []],
    [
      [`v=TLSRPTv1; rua=${Array.from({ length: 9 }, (_, i) => `https://r${i}.test/`).join(',')}`],
      [0, 1, 2, 3, 4].map((i) => `https://r${i}.test/`),
    ],
  ])('%j', (records, expected) => {
    const texts = destinationsIn(records).map((one) =>
      one.kind === 'mail' ? `mailto ${one.address}` : one.url.href,
    )
    expect(texts).toEqual(expected)
  })
})

describe('TLS reports', () => {
  let opened: OpenedEmbedded
  let clock: ManualClock
  let zone: { [name: string]: FakeZone[string] }
  let sent: { readonly to: string; readonly text: string; readonly json: Report }[]
  let uploaded: { readonly url: string; readonly json: Report }[]
  let upload: Upload

  beforeAll(async () => {
    opened = await openEmbedded()
  })
  afterAll(() => opened.close())
  let day = 0
  beforeEach(() => {
    // Each test has days of its own, before those that the store forgets by its own clock.
    clock = new ManualClock(Date.UTC(2100, 0, 1) + 10 * ++day * DAY_MS + DAY_MS / 2)
    zone = { '_smtp._tls.there.test': { txt: ['v=TLSRPTv1; rua=mailto:tls@there.test'] } }
    sent = []
    uploaded = []
    upload = async (url, gzipped) => {
      uploaded.push({ url: url.href, json: JSON.parse(gunzipSync(gzipped).toString()) })
    }
  })

  const spool: Pick<Spool, 'newQueueId' | 'receive' | 'accept'> = {
    newQueueId: () => 'r' as QueueId,
    async receive(queueId, source) {
      const text = Buffer.concat(await Array.fromAsync(source)).toString('latin1')
      return { queueId, text } as unknown as Spooled
    },
    async accept({ spooled, envelope, origin }: AcceptedMessage) {
      const { text } = spooled as unknown as { text: string }
      expect([envelope.sender, origin.listener]).toEqual(['', 'local'])
      const [, attachment = ''] = /base64\r\n\r\n([^-]*)\r\n\r\n--/.exec(text) ?? []
      const json = JSON.parse(gunzipSync(Buffer.from(attachment, 'base64')).toString())
      for (const { address } of envelope.recipients) sent.push({ to: address, text, json })
      return null
    },
  }

  const resolver = () => ({
    resolveTxt: (name: string) => createFakeResolver(zone).resolveTxt(name),
  })
  const recordsOf = (): TlsReportRecords =>
    createTlsReportRecords({
      counters: opened.store.tables.counters,
      destinations: createDestinations({ resolver: resolver(), clock }),
      clock,
      log: silentLog,
    })
  const sendDue = () =>
    createTlsReportSending({
      records: recordsOf(),
      destinations: createDestinations({ resolver: resolver(), clock }),
      spool,
      upload: (url, gzipped) => upload(url, gzipped),
      options: { hostname },
      clock,
      log: silentLog,
    }).sendDue()

  async function note(...outcomes: readonly Partial<TlsOutcome>[]) {
    const records = recordsOf()
    for (const outcome of outcomes) records.note({ ...success, ...outcome })
    await records.settle()
  }
  /** The morning after, when all reports are due. */
  const nextMorning = () => clock.advance(DAY_MS / 2 + SPREAD_MS)

  const policy = {
    type: 'sts',
    domain: 'there.test',
    strings: ['version: STSv1'],
    mxHosts: ['*.there.test'],
  } as const
  const success: TlsOutcome = {
    policy,
    result: 'success',
    host: 'mx.there.test',
    address: '192.0.2.1',
    localAddress: '192.0.2.9',
    reason: '',
  }

  it('count sessions by policy, and failures by their kind', async () => {
    const failure = {
      result: 'certificate-expired',
      reason: 'its certificate has expired',
    } as const
    await note({}, { address: '192.0.2.2' }, failure, failure, { ...failure, address: '192.0.2.2' })
    await note({ policy: { ...policy, type: 'no-policy-found', strings: [], mxHosts: [] } })
    expect(await sendDue()).toBe(0)
    await nextMorning()
    expect(await sendDue()).toBe(1)
    const [report] = sent
    expect(report?.to).toBe('tls@there.test')
    const date = new Date(clock.now() - DAY_MS).toISOString().slice(0, 10)
    expect(report?.json).toMatchObject({
      'organization-name': hostname,
      'date-range': { 'start-datetime': `${date}T00:00:00Z`, 'end-datetime': `${date}T23:59:59Z` },
      'contact-info': `postmaster@${hostname}`,
      'report-id': `${date}.there.test@${hostname}`,
    })
    const policies = report?.json.policies ?? []
    const ofType = (type: string) => policies.find((one) => one.policy['policy-type'] === type)
    expect(ofType('sts')).toMatchObject({
      policy: {
        'policy-string': ['version: STSv1'],
        'policy-domain': 'there.test',
        'mx-host': ['*.there.test'],
      },
      summary: { 'total-successful-session-count': 2, 'total-failure-session-count': 3 },
    })
    const details = ofType('sts')?.['failure-details'].map((one) => [
      one['receiving-ip'],
      one['failed-session-count'],
    ])
    expect(details?.sort()).toEqual([
      ['192.0.2.1', 2],
      ['192.0.2.2', 1],
    ])
    expect(ofType('sts')?.['failure-details'][0]).toMatchObject({
      'result-type': 'certificate-expired',
      'sending-mta-ip': '192.0.2.9',
      'receiving-mx-hostname': 'mx.there.test',
      'failure-reason-code': 'its certificate has expired',
    })
    expect(ofType('no-policy-found')?.summary).toEqual({
      'total-successful-session-count': 1,
      'total-failure-session-count': 0,
    })
  })

  it('come as RFC 8460 has it', async () => {
    await note({})
    await nextMorning()
    await sendDue()
    const [header = ''] = sent[0]?.text.split('\r\n\r\n') ?? []
    for (const line of [
      'TLS-Report-Domain: there.test',
      `TLS-Report-Submitter: ${hostname}`,
      'TLS-Required: No',
      'Content-Type: multipart/report; report-type="tlsrpt";',
    ]) {
      expect(header.split('\r\n')).toContain(line)
    }
    expect(header).toMatch(
      /^Subject: Report Domain: there\.test\r\n\tSubmitter: mx\.example\.test\r\n\tReport-ID: <[^>]+>$/m,
    )
    expect(sent[0]?.text).toMatch(
      /Content-Type: application\/tlsrpt\+gzip\r\nContent-Disposition: attachment; filename="mx\.example\.test!there\.test!\d+!\d+\.json\.gz"/,
    )
  })

  it('are sent once, whoever sends them, and not all at midnight', async () => {
    await note({})
    clock.advance(DAY_MS / 2 + 1)
    let atMidnight = 0
    for (let i = 0; i < 5; i++) {
      if ((await sendDue()) > 0) atMidnight = i + 1
      await clock.advance(3_600_000)
    }
    expect(atMidnight).toBeGreaterThan(0)
    expect([sent.length, await sendDue()]).toEqual([1, 0])
  })

  it('are not made for domains that want none', async () => {
    zone = {}
    await note({})
    zone = { '_smtp._tls.there.test': { txt: ['v=TLSRPTv1; rua=mailto:tls@there.test'] } }
    await nextMorning()
    expect(await sendDue()).toBe(0)
  })

  it('that a host does not take are handed over an hour later, and what is sent already is not', async () => {
    zone = {
      '_smtp._tls.there.test': { txt: ['v=TLSRPTv1; rua=mailto:tls@there.test,https://r.test/v1'] },
    }
    await note({})
    await nextMorning()
    const working = upload
    upload = () => Promise.reject(new Error('HTTP status 503'))
    expect(await sendDue()).toBe(1)
    upload = working
    expect(await sendDue()).toBe(1)
    expect([sent.length, uploaded.map(({ url }) => url)]).toEqual([1, ['https://r.test/v1']])
  })
})

describe('a report by HTTPS', () => {
  it.each([
    [200, true],
    [201, true],
    [204, false],
    [302, false],
    [500, false],
  ])('answered with %i is taken: %s', async (status, isTaken) => {
    const got: { path: string | undefined; type: string | undefined; bytes: string }[] = []
    // Nobody vouches for its certificate, which may be what the report is about.
    const server = createServer(makeSelfSigned('x.test', new Date()), async (request, response) => {
      const bytes = Buffer.concat(await Array.fromAsync(request)).toString()
      got.push({ path: request.url, type: request.headers['content-type'], bytes })
      response.writeHead(status).end()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const send = (isPublic: boolean) =>
      createUpload({
        resolver: createFakeResolver({ 'r.test': { a: ['127.0.0.1'] } }),
        isPublic: () => isPublic,
      })(new URL(`https://r.test:${port}/v1?a=b`), Buffer.from('gz'))
    if (isTaken) await send(true)
    else await expect(send(true)).rejects.toThrow(`HTTP status ${status}`)
    await expect(send(false)).rejects.toThrow('no public address')
    expect(got).toEqual([{ path: '/v1?a=b', type: 'application/tlsrpt+gzip', bytes: 'gz' }])
    server.closeAllConnections()
    server.close()
  })
})

type Report = {
  readonly policies: readonly {
    readonly policy: { readonly [key: string]: unknown }
    readonly summary: { readonly [key: string]: number }
    readonly 'failure-details': readonly { readonly [key: string]: unknown }[]
  }[]
}
