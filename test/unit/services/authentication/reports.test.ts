// From messages that were judged on one day to the reports of the next.

import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  createReportRecords,
  dayOf,
  destinationsIn,
  type ReportRecords,
} from '#services/authentication/report-records.ts'
import { createReportSending } from '#services/authentication/report-sending.ts'
import type { AcceptedMessage, Spool, Spooled } from '#shared/contracts/spool.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { formatRoute } from '#shared/mail/route.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { authenticated } from '#test/support/authenticated.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const hostname = 'mx.example.test'
const DAY_MS = 86_400_000

describe('DMARC reports', () => {
  let opened: OpenedEmbedded
  let records: ReportRecords
  let sent: { readonly to: readonly string[]; readonly text: string; readonly xml: string }[]
  const clock = manualClock()

  beforeAll(async () => {
    opened = await openEmbedded({ clock })
  })
  afterAll(() => opened.close())
  beforeEach(() => {
    // Each test has days of its own.
    clock.advance(10 * DAY_MS)
    sent = []
    records = createReportRecords({ counters: opened.store.tables.counters, clock, log: silentLog })
  })

  const spool: Pick<Spool, 'newQueueId' | 'receive' | 'accept'> = {
    newQueueId: () => 'r' as QueueId,
    async receive(queueId, source) {
      const text = Buffer.concat(await Array.fromAsync(source)).toString('latin1')
      const [, attachment = ''] = /base64\r\n\r\n([^-]*)\r\n\r\n--/.exec(text) ?? []
      const xml = gunzipSync(Buffer.from(attachment, 'base64')).toString()
      return { queueId, text, xml } as unknown as Spooled
    },
    async accept({ spooled, envelope, origin }: AcceptedMessage) {
      const { text, xml } = spooled as unknown as { text: string; xml: string }
      expect([envelope.sender, origin.listener]).toEqual(['', 'local'])
      sent.push({ to: envelope.recipients.map(({ address }) => address), text, xml })
      return null
    },
  }

  async function sendOfYesterday(zone: FakeZone = {}): Promise<number> {
    const dns = createFakeResolver(zone)
    const deps = { records, spool, dns, options: { hostname }, clock, log: silentLog }
    return createReportSending(deps).sendDue()
  }

  it('tell the domain what was in its name, those that are alike once', async () => {
    await records.note(authenticated('a.test'))
    await records.note(authenticated('a.test'))
    await records.note(authenticated('a.test', { result: 'pass', address: '2001:db8::1' }))
    await records.note(authenticated('a.test', { override: 'trusted_forwarder', sender: '' }))
    const day = dayOf(clock.now())
    clock.advance(DAY_MS)
    expect(await sendOfYesterday()).toBe(1)
    const [report] = sent
    expect(report?.to).toEqual(['dmarc@a.test'])
    const begin = Date.parse(day) / 1_000
    expect(report?.text).toContain(
      `Subject: Report Domain: a.test\r\n\tSubmitter: ${hostname}\r\n\tReport-ID: <${day}.a.test@${hostname}>\r\n`,
    )
    expect(report?.text).toContain(
      `Content-Type: application/gzip\r\nContent-Disposition: attachment; filename="${hostname}!a.test!${begin}!${begin + 86_399}.xml.gz"`,
    )
    const xml = report?.xml.replace(/\n/g, '') ?? ''
    expect(xml).toContain(
      '<policy_published><domain>a.test</domain><discovery_method>treewalk</discovery_method><p>reject</p><sp>reject</sp><adkim>r</adkim><aspf>s</aspf><testing>n</testing></policy_published>',
    )
    const rows = xml.match(/<row>.*?<\/row>/g)?.sort()
    expect(rows).toEqual([
      '<row><source_ip>192.0.2.1</source_ip><count>1</count><policy_evaluated><disposition>quarantine</disposition><dkim>fail</dkim><spf>fail</spf><reason><type>trusted_forwarder</type><comment>arc=pass</comment></reason></policy_evaluated></row>',
      '<row><source_ip>192.0.2.1</source_ip><count>2</count><policy_evaluated><disposition>quarantine</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row>',
      '<row><source_ip>2001:db8::1</source_ip><count>1</count><policy_evaluated><disposition>pass</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row>',
    ])
    expect(xml).toContain('<selector>s&lt;&amp;&gt;</selector><result>pass</result>')
  })

  it('go out as any mail does, and come back to nobody', async () => {
    const delivered: [sender: string, hop: string, to: readonly string[]][] = []
    const pipeline = createPipeline(opened.store, clock, {
      deliverRemote: async ({ envelope }, hop, recipients) => {
        delivered.push([envelope.sender, formatRoute(hop), recipients.map((one) => one.address)])
        return recipients.map(() => ({ kind: 'delivered', reply: '250 ok' }))
      },
    })
    await records.note(authenticated('g.test'))
    clock.advance(DAY_MS)
    const dns = createFakeResolver({})
    const deps = { records, spool: pipeline.spool, dns, options: { hostname }, clock }
    expect(await createReportSending({ ...deps, log: silentLog }).sendDue()).toBe(1)
    // The doorbell is on its way; writes of one process keep their order.
    await opened.store.tables.counters.write({ put: { pk: 'barrier', sk: 'x' } })
    await pipeline.settle()
    expect(delivered).toEqual([['', 'g.test', ['dmarc@g.test']]])
  })

  it('are sent once, whoever asks how often', async () => {
    await records.note(authenticated('b.test'))
    clock.advance(DAY_MS)
    expect([await sendOfYesterday(), await sendOfYesterday()]).toEqual([1, 0])
    expect(sent).toHaveLength(1)
  })

  it('of a day that is not over are not sent', async () => {
    await records.note(authenticated('c.test'))
    expect(await sendOfYesterday()).toBe(0)
  })

  it('go to nobody where the domain wants none', async () => {
    await records.note(authenticated('d.test', { rua: 'https://d.test/reports' }))
    clock.advance(DAY_MS)
    expect(await sendOfYesterday()).toBe(0)
  })

  it('are forgotten when their time is over', async () => {
    await records.note(authenticated('e.test'))
    const day = dayOf(clock.now())
    clock.advance(4 * DAY_MS)
    expect(await Array.fromAsync(records.subjects(day))).toEqual([])
    expect(await records.rows(day, 'e.test')).toEqual([])
  })

  // RFC 9990 §4.
  describe('to another organisation', () => {
    const rua = 'mailto:reports@collector.test,mailto:own@mail.f.test'
    const own: FakeZone = { '_dmarc.f.test': { txt: ['v=DMARC1; p=reject'] } }
    const consent = (text: string): FakeZone => ({
      ...own,
      'f.test._report._dmarc.collector.test': { txt: [text] },
    })

    it.each<[what: string, zone: FakeZone, to: readonly string[]]>([
      ['are not sent without its consent', own, ['own@mail.f.test']],
      ['are with it', consent('v=DMARC1'), ['reports@collector.test', 'own@mail.f.test']],
      [
        'go where it says',
        consent('v=DMARC1; rua=mailto:other@collector.test'),
        ['other@collector.test', 'own@mail.f.test'],
      ],
      ['go nowhere else', consent('v=DMARC1; rua=mailto:victim@g.test'), ['own@mail.f.test']],
      ['are not sent for other texts', consent('v=spf1 -all'), ['own@mail.f.test']],
    ])('%s', async (_, zone, to) => {
      await records.note(authenticated('f.test', { rua }))
      clock.advance(DAY_MS)
      await sendOfYesterday(zone)
      expect(sent.map((report) => report.to)).toEqual([to])
    })
  })
})

describe('destinations in a record', () => {
  it.each([
    ['v=DMARC1; p=none; rua=mailto:a@b.test', ['a@b.test']],
    ['v=DMARC1; rua = mailto:a@b.test!10m , MAILTO:c%40d.test', ['a@b.test', 'c@d.test']],
    ['v=DMARC1; rua=mailto:a@b.test?subject=x', ['a@b.test']],
    ['v=DMARC1; rua=https://b.test,mailto:,mailto:%', []],
    ['v=DMARC1; ruf=mailto:a@b.test', []],
    [`v=DMARC1; rua=${Array(9).fill('mailto:a@b.test')}`, Array(5).fill('a@b.test')],
  ])('%j', (record, destinations) => {
    expect(destinationsIn(record)).toEqual(destinations)
  })
})
