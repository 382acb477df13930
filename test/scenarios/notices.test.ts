// What senders are told of their mail: the whole way, from an attempt to what stands in a mailbox here, as Python's email package
// reads it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { EnvelopeRecipient } from '#shared/contracts/spool.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { canReadReports, outcomes, readReport } from '#test/support/read-report.ts'
import type { AnswerRemote } from '#test/support/remote-delivery.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const HOUR_MS = 3_600_000
const ann = 'ann@example.test'
const text =
  'From: ann@example.test\r\nMessage-ID: <m1@example.test>\r\nSubject: hello\r\n\r\nbody\r\n'
const unknown: DeliveryResult = {
  kind: 'failed',
  status: '5.1.1',
  reply: 'host mx.away.test[192.0.2.9] said: 550 5.1.1 No such user (in reply to RCPT TO)',
}
const refusedForNow: DeliveryResult = {
  kind: 'deferred',
  status: '4.4.1',
  reply: 'connect to mx.away.test[192.0.2.9]:25: Connection refused',
}
const taken: DeliveryResult = { kind: 'delivered', reply: '250 2.0.0 Ok: queued as 65' }

const to = (
  address: string,
  notify: EnvelopeRecipient['notify'] = [],
  originalRecipient: string | null = null,
): EnvelopeRecipient => ({ address, notify, originalRecipient })

describe.skipIf(!canReadReports())('notices', () => {
  let clock: ReturnType<typeof manualClock>
  let opened: OpenedEmbedded

  beforeEach(async () => {
    clock = manualClock()
    opened = await openEmbedded({ clock })
  })
  afterEach(() => opened.close())

  async function systemWith(deliverRemote: AnswerRemote, set: readonly string[] = []) {
    const log = new MemoryLog()
    const pipeline = createPipeline(opened.store, clock, {
      deliverRemote,
      set,
      log,
      tellsSenders: true,
    })
    await pipeline.addAccount(ann)
    await pipeline.addAccount('root@example.test')
    const reportsTo = async (address: string) =>
      await Promise.all((await pipeline.inbox(address)).map(readReport))
    /** Lets that time pass, and tries what is due then. */
    async function later(ms: number): Promise<void> {
      clock.advance(ms)
      await pipeline.workers.sweeper.ringDue()
      await pipeline.settle()
    }
    const send = async (
      recipients: readonly EnvelopeRecipient[],
      envelope: { readonly sender?: string; readonly dsnReturn?: 'FULL' | 'HDRS' } = {},
      message = text,
    ) => {
      const queueId = await pipeline.accept(message, [], {
        envelope: { sender: ann, ...envelope, recipients },
      })
      await pipeline.settle()
      return queueId
    }
    return { ...pipeline, log, reportsTo, later, send }
  }

  describe('of mail that failed', () => {
    it('tell its sender, whom, why, and what to do; the queue is empty', async () => {
      const { send, reportsTo, log, backend } = await systemWith(async () => [unknown])
      const queueId = await send([to('bob@away.test', [], 'rfc822;Bob@away.test')])
      expect(await backend.operator.show(queueId)).toBeUndefined()
      const [report, ...more] = await reportsTo(ann)
      expect(more).toEqual([])
      expect(report).toMatchObject({
        type: 'multipart/report',
        reportType: 'delivery-status',
        defects: [],
        header: {
          from: 'Mail Delivery System <MAILER-DAEMON@example.test>',
          to: ann,
          subject: 'Undelivered Mail Returned to Sender',
          'return-path': '<>',
          'auto-submitted': 'auto-replied',
          'in-reply-to': '<m1@example.test>',
        },
        statusType: 'message/delivery-status',
        status: [
          {
            'reporting-mta': 'dns; mx.example.test',
            'x-postwolke-queue-id': queueId,
            'x-postwolke-sender': `rfc822; ${ann}`,
            'arrival-date': 'Fri, 20 Nov 2026 00:00:00 +0000',
          },
          {
            'final-recipient': 'rfc822; bob@away.test',
            'original-recipient': 'rfc822;Bob@away.test',
            action: 'failed',
            status: '5.1.1',
            'remote-mta': 'dns; mx.away.test',
            'diagnostic-code': 'smtp; 550 5.1.1 No such user',
          },
        ],
        returnedType: 'message/rfc822',
      })
      expect(report?.text).toContain(
        'could not be delivered to <bob@away.test>: there is no such\n',
      )
      expect(report?.returned).toContain('Subject: hello\n\nbody')
      expect(log.find('sender non-delivery notification')).toMatchObject({
        queueId,
        to: ann,
        notice: expect.stringMatching(/^[0-9A-Z]{18}$/),
      })
    })

    it('have the header alone where that was asked for, or the message is large', async () => {
      const { send, reportsTo } = await systemWith(async () => [unknown], ['bounceSizeLimit=2KB'])
      await send([to('bob@away.test')], { dsnReturn: 'HDRS' })
      await send([to('bob@away.test')], {}, text + 'x\r\n'.repeat(1_000))
      const long = `X-Long: ${'y'.repeat(900)}\r\n`.repeat(4)
      await send([to('bob@away.test')], {}, long + text)
      const reports = await reportsTo(ann)
      expect(reports.map(({ returnedType }) => returnedType)).toEqual(
        Array(3).fill('text/rfc822-headers'),
      )
      const [asked, large, cut] = reports
      for (const report of [asked, large]) {
        expect(report?.returned).toContain('Subject: hello\n')
        expect(report?.returned).not.toContain('body')
      }
      expect(cut?.returned?.match(/^X-Long: y{900}$/gm)).toHaveLength(2)
      expect(cut?.returned).not.toMatch(/^X-Long: y{0,899}$/m)
    })

    it('are for those who want them', async () => {
      const { send, reportsTo, log } = await systemWith(async (_message, _route, all) =>
        all.map(() => unknown),
      )
      await send([
        to('a@away.test', ['NEVER']),
        to('b@away.test', ['DELAY', 'SUCCESS']),
        to('c@away.test', ['FAILURE']),
        to('d@away.test'),
      ])
      const [report, ...more] = await reportsTo(ann)
      expect(more).toEqual([])
      expect(report && outcomes(report)).toEqual([
        'rfc822; c@away.test failed 5.1.1',
        'rfc822; d@away.test failed 5.1.1',
      ])
      expect(log.find('sender not told')).toMatchObject({
        to: 'a@away.test, b@away.test',
        reason: 'not wanted',
      })
    })

    it('tell of recipients whose alias leads nowhere', async () => {
      const { send, reportsTo, addAlias } = await systemWith(async () => [unknown])
      await addAlias('team@example.test', ['root@example.test', 'nobody@example.test'])
      await send([to('team@example.test')])
      const [report] = await reportsTo(ann)
      expect(report && outcomes(report)).toEqual(['rfc822; nobody@example.test failed 5.1.1'])
      expect(report?.text).toContain('<nobody@example.test> (expanded from <team@example.test>)')
      expect(report?.status[1]?.['diagnostic-code']).toMatch(/^X-Postwolke; .*User unknown$/)
    })

    it('come when the lifetime of a message is over', async () => {
      const { send, reportsTo, later } = await systemWith(
        async () => [refusedForNow],
        ['delayWarningTime=0'],
      )
      await send([to('bob@away.test')])
      await later(4 * 24 * HOUR_MS)
      expect(await reportsTo(ann)).toEqual([])
      await later(25 * HOUR_MS)
      const [report] = await reportsTo(ann)
      expect(report?.status[1]).toMatchObject({ action: 'failed', status: '5.4.7' })
      expect(report?.text).toContain('Connection refused')
    })
  })

  describe('of mail that waits', () => {
    it('come once for each recipient, at the end of an attempt', async () => {
      const { send, reportsTo, later } = await systemWith(async (_message, _route, all) =>
        all.map(() => refusedForNow),
      )
      await send([to('bob@away.test'), to('eve@away.test', ['FAILURE'])])
      await later(3 * HOUR_MS)
      expect(await reportsTo(ann)).toEqual([])
      await later(3 * HOUR_MS)
      await later(3 * HOUR_MS)
      await later(3 * HOUR_MS)
      const [report, ...more] = await reportsTo(ann)
      expect(more).toEqual([])
      expect(report).toMatchObject({
        defects: [],
        header: { subject: 'Delayed Mail (still being retried)' },
        returnedType: 'text/rfc822-headers',
      })
      expect(report?.status.slice(1)).toEqual([
        {
          'final-recipient': 'rfc822; bob@away.test',
          action: 'delayed',
          status: '4.4.1',
          'diagnostic-code':
            'X-Postwolke; connect to mx.away.test[192.0.2.9]:25: Connection refused',
          'will-retry-until': expect.stringContaining('25 Nov 2026'),
        },
      ])
      expect(report?.text).toMatch(/You\s+need\s+not\s+do\s+anything/)
    })

    it('are followed by one that it was delivered, where that is wanted', async () => {
      let answer: DeliveryResult = refusedForNow
      const { send, reportsTo, later } = await systemWith(
        async () => [answer],
        ['confirmDelayCleared=yes'],
      )
      await send([to('bob@away.test')])
      await later(5 * HOUR_MS)
      answer = { ...taken, relaysDsn: true }
      await later(5 * HOUR_MS)
      const reports = await reportsTo(ann)
      expect(reports.map(outcomes)).toEqual([
        ['rfc822; bob@away.test delayed 4.4.1'],
        ['rfc822; bob@away.test relayed 2.0.0'],
      ])
    })
  })

  describe('of mail that was delivered', () => {
    it('come where they are asked for, and whoever took it sends none', async () => {
      let answer: DeliveryResult = taken
      const { send, reportsTo } = await systemWith(async (_message, _route, all) =>
        all.map(() => answer),
      )
      await send([to('bob@away.test', ['SUCCESS']), to('eve@away.test')])
      answer = { ...taken, relaysDsn: true }
      await send([to('carol@away.test', ['SUCCESS'])])
      const [report, ...more] = await reportsTo(ann)
      expect(more).toEqual([])
      expect(report).toMatchObject({
        defects: [],
        header: { subject: 'Successful Mail Delivery Report' },
        returnedType: 'text/rfc822-headers',
      })
      expect(report?.status.slice(1)).toEqual([
        {
          'final-recipient': 'rfc822; bob@away.test',
          action: 'relayed',
          status: '2.0.0',
          'diagnostic-code': 'X-Postwolke; 250 2.0.0 Ok: queued as 65',
        },
      ])
    })
  })
})
