// Whole reports as they are sent, line by line: test/fixtures/notices. Whoever changes a word changes it there (vitest -u at the end).

import { describe, expect, it } from 'vitest'
import type { Language, NoticeTextOptions } from '#shared/mail/dsn/notice-text.ts'
import type { Report, ReportedRecipient } from '#shared/mail/dsn/report.ts'
import { writeReport } from '#shared/mail/dsn/write-report.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import { canReadReports, outcomes, readReport } from '#test/support/read-report.ts'

const arrivedMs = Date.UTC(2026, 10, 29, 17, 51, 7)
const header = 'From: ann@example.test\r\nSubject: hello\r\n'

const unknown: ReportedRecipient = {
  address: 'bob@away.test',
  original: 'team@example.test',
  originalRecipient: 'rfc822;Team@example.test',
  action: 'failed',
  status: '5.1.1',
  reply:
    'host mx.away.test[192.0.2.9] said: 550-5.1.1 No such user here. 550 5.1.1 Check the address. (in reply to RCPT TO)',
  remoteMta: 'mx.away.test[192.0.2.9]',
}

const report = (changed: Partial<Report>): Report => ({
  kind: 'failure',
  reader: 'sender',
  to: 'ann@example.test',
  hostname: 'mx.example.test',
  domain: 'example.test',
  recipients: [unknown],
  message: {
    queueId: '01M7V41F00BMVPZ5EA',
    sender: 'ann@example.test',
    arrivedMs,
    envelopeId: 'env123',
    messageId: '<m1@example.test>',
    returned: { kind: 'headers', bytes: Buffer.from(header), isInternational: false },
  },
  retriesUntilMs: arrivedMs + 5 * 24 * 3_600_000,
  atMs: arrivedMs + 4 * 3_600_000,
  messageId: 'n1@mx.example.test',
  boundary: '=_boundary',
  ...changed,
})

const options = (...languages: readonly [Language, ...Language[]]): NoticeTextOptions => ({
  languages,
  templates: {},
  variables: { mydomain: 'example.test', delayWarningMs: 4 * 3_600_000, lifetimeMs: 1 },
})

const waiting: ReportedRecipient = {
  ...unknown,
  original: unknown.address,
  originalRecipient: null,
  action: 'delayed',
  status: '4.4.1',
  reply: 'connect to mx.away.test[192.0.2.9]:25: Connection refused',
  remoteMta: null,
}
const full: ReportedRecipient = {
  ...waiting,
  address: 'eve@away.test',
  original: 'eve@away.test',
  action: 'failed',
  status: '5.2.2',
  reply: 'mailbox full',
}
const there: ReportedRecipient = { ...waiting, action: 'delivered', status: '2.0.0', reply: 'ok' }

const goldens: { readonly [name: string]: readonly [Report, NoticeTextOptions] } = {
  'failure-en': [report({}), options('en')],
  'failure-de': [report({}), options('de')],
  'failure-two-en-de': [report({ recipients: [unknown, full] }), options('en', 'de')],
  'failure-postmaster': [report({ reader: 'postmaster' }), options('en')],
  'delay-en': [report({ kind: 'delay', recipients: [waiting] }), options('en')],
  'delay-de': [report({ kind: 'delay', recipients: [waiting] }), options('de')],
  'success-en': [
    report({
      kind: 'success',
      recipients: [
        there,
        { ...there, address: 'r@away.test', original: 'r@away.test', action: 'relayed' },
        { ...there, address: 'l@example.test', original: 'l@example.test', action: 'expanded' },
      ],
    }),
    options('en'),
  ],
  'verify-en': [
    report({
      kind: 'verify',
      recipients: [
        { ...unknown, action: 'undeliverable' },
        {
          ...there,
          action: 'deliverable',
          reply: '250 2.1.5 ok',
          remoteMta: 'mx.away.test[192.0.2.9]',
        },
      ],
      message: { ...report({}).message, returned: null },
    }),
    options('en'),
  ],
  'global-de': [
    report({
      recipients: [
        { ...unknown, address: 'bäd@away.test', originalRecipient: 'utf-8;b\\x{E4}d@away.test' },
      ],
      message: {
        ...report({}).message,
        returned: {
          kind: 'headers',
          bytes: Buffer.from('Subject: hällo\r\n'),
          isInternational: true,
        },
      },
    }),
    options('de'),
  ],
}

describe('reports', () => {
  it.each(Object.entries(goldens))('%s', async (name, [given, how]) => {
    const { bytes } = writeReport(given, how)
    await expect(Buffer.from(bytes).toString().replaceAll('\r\n', '\n')).toMatchFileSnapshot(
      `../../../../fixtures/notices/${name}.txt`,
    )
  })

  it.skipIf(!canReadReports()).each(Object.entries(goldens))(
    '%s is read by Python and by our index',
    async (_name, [given, how]) => {
      const { bytes, eightBit } = writeReport(given, how)
      const read = await readReport(Buffer.from(bytes).toString('latin1'))
      expect(read.defects).toEqual([])
      expect(outcomes(read)).toEqual(
        given.recipients.map(({ address, action, status }) => {
          const type = address.includes('ä') ? 'utf-8' : 'rfc822'
          return `${type}; ${address} ${action} ${status}`
        }),
      )
      const indexer = new MessageIndexer()
      indexer.push(bytes)
      const index = indexer.finish()
      expect(index).toMatchObject({ eightBit, containsNul: false })
      expect(index.lineBytesMax).toBeLessThanOrEqual(998)
      const { structure } = index
      if (structure.type !== 'multipart') throw new Error('no multipart')
      expect([structure.subtype, 'parts' in structure && structure.parts.length]).toEqual([
        'report',
        given.message.returned === null ? 2 : 3,
      ])
    },
  )

  it('holds what strangers write within its field and its line', async () => {
    const evil = '\r\n\r\n--=_boundary\r\nContent-Type: text/html\r\n\r\n<b>'
    const given = report({
      recipients: [
        { ...unknown, reply: `host mx said: 550 ${evil}`, originalRecipient: `x;${evil}` },
      ],
      message: { ...report({}).message, envelopeId: `e${evil}` },
    })
    const text = Buffer.from(writeReport(given, options('en')).bytes).toString()
    expect(text.match(/^--=_boundary/gm)).toHaveLength(4)
    expect(text).not.toMatch(/^Content-Type: text\/html/m)
  })
})
