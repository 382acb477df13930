// What senders are told of their mail: the whole way, from an attempt to what stands in a mailbox here, as Python's email package
// reads it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { EnvelopeRecipient, SmtpEnvelope } from '#shared/contracts/spool.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { createPipeline, manualClock, origin } from '#test/support/pipeline.ts'
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
      envelope: Partial<Pick<SmtpEnvelope, 'sender' | 'dsnReturn' | 'requireTls'>> = {},
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

    it('that required TLS require it too, and bring its header alone (RFC 8689 §5)', async () => {
      const notices: boolean[] = []
      const { send, reportsTo } = await systemWith(async ({ envelope }) => {
        if (envelope.sender === '') notices.push(envelope.requireTls)
        return [unknown]
      })
      for (const requireTls of [true, false]) {
        await send([to('bob@away.test')], { sender: 'carol@far.test', requireTls })
        await send([to('bob@away.test')], { requireTls })
      }
      expect(notices).toEqual([true, false])
      expect((await reportsTo(ann)).map(({ returnedType }) => returnedType)).toEqual([
        'text/rfc822-headers',
        'message/rfc822',
      ])
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

    it('come of accounts here too, and say nothing of their folders', async () => {
      const { send, reportsTo, inbox } = await systemWith(async () => [])
      await send([to('root@example.test', ['SUCCESS', 'FAILURE'], 'rfc822;Root@example.test')])
      expect(await inbox('root@example.test')).toHaveLength(1)
      const [report, ...more] = await reportsTo(ann)
      expect(more).toEqual([])
      expect(report?.status.slice(1)).toEqual([
        {
          'final-recipient': 'rfc822; root@example.test',
          'original-recipient': 'rfc822;Root@example.test',
          action: 'delivered',
          status: '2.0.0',
          'diagnostic-code': 'X-Postwolke; delivered to mailbox',
        },
      ])
    })

    it('say of an alias of several that it was expanded, and who is behind it reports failures alone', async () => {
      const { send, reportsTo, addAlias } = await systemWith(async (_message, _route, all) =>
        all.map(({ address, notify }) => {
          expect(notify).toEqual(['FAILURE'])
          return address.startsWith('bad') ? unknown : taken
        }),
      )
      await addAlias('team@example.test', ['bob@away.test', 'bad@away.test', 'root@example.test'])
      await send([to('team@example.test', ['SUCCESS', 'FAILURE'], 'rfc822;team@example.test')])
      const reports = await reportsTo(ann)
      expect(reports.map(outcomes).sort()).toEqual([
        ['rfc822; bad@away.test failed 5.1.1'],
        ['rfc822; team@example.test expanded 2.0.0'],
      ])
      const texts = reports.map((report) => report.text).join()
      expect(texts).toContain('sent on to all addresses behind it')
    })

    it('pass through an alias of one', async () => {
      const { send, reportsTo, addAlias } = await systemWith(async () => [taken])
      await addAlias('one@example.test', ['bob@away.test'])
      await send([to('one@example.test', ['SUCCESS'])])
      expect((await reportsTo(ann)).map(outcomes)).toEqual([
        ['rfc822; bob@away.test relayed 2.0.0'],
      ])
    })
  })

  describe('are not for everybody', () => {
    const failing: AnswerRemote = async (_message, _route, all) => all.map(() => unknown)

    it('of the null sender nobody hears, unless the postmaster wants to; of what he gets nobody', async () => {
      const { send, log, backend, inbox } = await systemWith(failing)
      await send([to('bob@away.test')], { sender: '' })
      expect(log.find('sender not told')).toMatchObject({ from: '', reason: 'null sender' })
      await send([to('bob@away.test')], { sender: 'double-bounce@mx.example.test' })
      expect(log.lines.filter(({ message }) => message === 'sender not told')).toMatchObject([
        {},
        { fields: { reason: 'undeliverable postmaster notification discarded' } },
      ])
      expect(await inbox(ann)).toEqual([])
      expect(await Array.fromAsync(backend.operator.list())).toEqual([])
    })

    it('the postmaster hears of what notifyClasses names, from double-bounce', async () => {
      const { send, reportsTo, later } = await systemWith(
        async (_message, _route, all) =>
          all.map(({ address }) => (address.startsWith('late') ? refusedForNow : unknown)),
        ['notifyClasses=bounce,2bounce,delay', 'postmasterAddress=root@example.test'],
      )
      await send([to('bob@away.test', ['NEVER']), to('late@away.test', ['NEVER'])])
      await later(5 * HOUR_MS)
      await later(5 * HOUR_MS)
      await send([to('eve@away.test')], { sender: '' })
      expect(await reportsTo(ann)).toEqual([])
      const reports = await reportsTo('root@example.test')
      expect(reports.map(({ header }) => [header.subject, header['return-path']])).toEqual(
        [
          'Postmaster Copy: Undelivered Mail',
          'Postmaster Warning: Delayed Mail',
          'Postmaster Copy: Undelivered Mail',
        ].map((subject) => [subject, '<double-bounce@mx.example.test>']),
      )
      expect(reports.map(outcomes)).toEqual([
        ['rfc822; bob@away.test failed 5.1.1'],
        ['rfc822; late@away.test delayed 4.4.1'],
        ['rfc822; eve@away.test failed 5.1.1'],
      ])
      expect(reports.map(({ returnedType }) => returnedType)).toEqual([
        'text/rfc822-headers',
        'text/rfc822-headers',
        'message/rfc822',
      ])
      expect(reports.map(({ header }) => header['auto-submitted'])).toEqual(
        Array(3).fill('auto-generated'),
      )
    })

    it('nobody is told of what a stranger sends in his name', async () => {
      const { accept, settle, inbox, log } = await systemWith(failing)
      const arrives = async (given: Parameters<typeof accept>[2]) => {
        await accept(text, ['bob@away.test'], { ...given, envelope: { sender: ann } })
        await settle()
      }
      const results = (spf: string, dkim: string) =>
        `Authentication-Results: mx.example.test;\r\n\tspf=${spf} smtp.mailfrom=example.test;\r\n\tdkim=${dkim}\r\n`
      await arrives({ junk: true })
      await arrives({ prepend: results('fail', 'none') })
      await arrives({ prepend: results('fail', 'pass header.d=other.test') })
      expect(await inbox(ann)).toEqual([])
      expect(log.lines.filter(({ message }) => message === 'sender not told')).toHaveLength(3)
      await arrives({ prepend: results('fail', 'pass header.d=mail.example.test header.i=@x') })
      await arrives({ prepend: results('softfail', 'none') })
      await arrives({ junk: true, origin: { ...origin(null), listener: 'submission' } })
      expect(await inbox(ann)).toHaveLength(3)
    })

    it('the postmaster hears of problems of ours, once as long as they last', async () => {
      const { send, later, reportsTo } = await systemWith(async () => {
        throw new TypeError('a bug')
      }, ['postmasterAddress=root@example.test', 'delayWarningTime=0'])
      await send([to('bob@away.test')])
      await later(HOUR_MS)
      const [report, ...more] = await reportsTo('root@example.test')
      expect(more).toEqual([])
      expect(report?.header.subject).toBe('Postmaster Warning: Problem Delivering Mail')
      expect(report?.text).toContain('TypeError: a bug')
    })
  })
})
