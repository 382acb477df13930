import { describe, expect, it } from 'vitest'
import { checksStep } from '#services/content/checks/checks-step.ts'
import { CHANGED_LINES_MAX, WARNINGS_MAX } from '#services/content/checks/findings.ts'
import type { StepVerdict } from '#shared/contracts/content.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { parsePatternTable } from '#shared/settings/patterns/pattern-table.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { MessageContent } from '#test/support/milter-content.ts'

type Checks = { header?: string; mime?: string; nested?: string; body?: string; limit?: number }

const lines = (...all: readonly string[]) => `${all.join('\r\n')}\r\n`

const plain = lines(
  'Received: from a',
  'Subject: buy',
  ' now',
  'From: a@example.org',
  'Content-Type: text/plain',
  '',
  'Hello',
  'World',
)

const parts = lines(
  'Subject: outer',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=x',
  '',
  'preamble',
  '--x',
  'Content-Type: text/plain',
  'X-Part: one',
  '',
  'first',
  '--x',
  'Content-Type: application/octet-stream;',
  ' name=evil.exe',
  '',
  'second',
  '--x',
  'Content-Type: message/rfc822',
  '',
  'Subject: inner',
  'Content-Type: text/plain',
  '',
  'third',
  '--x--',
)

async function check(message: string, checks: Checks, log = new MemoryLog(), size = 7) {
  const { header = '', mime = '', nested = '', body = '', limit = 51_200 } = checks
  const step = checksStep({
    tables: {
      header: parsePatternTable(header),
      mime: parsePatternTable(mime),
      nested: parsePatternTable(nested),
      body: parsePatternTable(body),
    },
    bodyChecksSizeLimit: limit,
    clock: systemClock,
    log,
  })
  const content = new MessageContent(message, size)
  const { envelope } = content.message
  const session = {}
  const origin = {
    listener: 'smtp',
    remoteAddress: '192.0.2.7',
    remotePort: 25,
    helo: '',
    tls: null,
    account: null,
  } as const
  const judge = step?.begin({ queueId: '4cQ1' as QueueId, origin, envelope, session })
  const verdict = await judge?.judge(content.message)
  return {
    verdict,
    body: verdict?.kind === 'accept' && verdict.body ? await content.stashes[0] : undefined,
  }
}

const verdictOf = async (message: string, checks: Checks): Promise<StepVerdict | undefined> =>
  (await check(message, checks)).verdict

describe('checks that are not set', () => {
  it('are no step', async () => {
    expect(await verdictOf(plain, { header: '# nothing' })).toBeUndefined()
  })
})

describe('what a check of the header may do', () => {
  it.each([
    ['REJECT', 550, '5.7.1', 'Message content rejected'],
    ['REJECT go away', 550, '5.7.1', 'go away'],
    ['REJECT 5.6.9 go away', 550, '5.6.9', 'go away'],
    ['REJECT 4.7.2 come back', 451, '4.7.2', 'come back'],
    ['REJECT no $1', 550, '5.7.1', 'no buy'],
  ])('%s', async (action, code, status, text) => {
    const verdict = await verdictOf(plain, { header: `/^Subject: (buy)/ ${action}` })
    expect(verdict).toEqual({
      kind: 'reject',
      reply: { code, status, text },
      found: 'header reject',
    })
  })

  it('DISCARD', async () => {
    const verdict = await verdictOf(plain, { header: '/^Subject: buy/ DISCARD' })
    expect(verdict).toMatchObject({ kind: 'discard', found: 'header discard' })
  })

  it.each([
    ['HOLD', { hold: 'header check: Subject: buy now' }],
    ['HOLD for $1', { hold: 'for buy' }],
    ['REDIRECT x@example.net', { redirect: 'x@example.net' }],
    ['BCC x@example.net', { addRecipients: ['x@example.net'] }],
    ['FILTER smtp:[127.0.0.1]:10025', { filter: 'smtp:[127.0.0.1]:10025' }],
    ['WARN look', { warnings: ['header check warn: Subject: buy now: look'] }],
    ['INFO', { warnings: ['header check info: Subject: buy now'] }],
    ['IGNORE', { edits: [{ kind: 'replace-stored', position: 1, field: '' }] }],
    [
      'STRIP why',
      {
        edits: [{ kind: 'replace-stored', position: 1, field: '' }],
        warnings: ['header check strip: Subject: buy now: why'],
      },
    ],
    [
      'PREPEND X-Note: $1',
      {
        edits: [
          {
            kind: 'replace-stored',
            position: 1,
            field: 'X-Note: buy\r\nSubject: buy\r\n now\r\n',
          },
        ],
      },
    ],
    [
      'REPLACE Subject: [spam] $1',
      { edits: [{ kind: 'replace-stored', position: 1, field: 'Subject: [spam] buy\r\n' }] },
    ],
    ['REPLACE no field', { warnings: ['header check: no header field: no field'] }],
    ['PREPEND no field', { warnings: ['header check: no header field: no field'] }],
  ])('%s', async (action, wanted) => {
    const verdict = await verdictOf(plain, { header: `/^Subject: (buy)/ ${action}` })
    expect(verdict).toMatchObject({ kind: 'accept', ...wanted })
  })

  it('DUNNO leaves it to the next field', async () => {
    const header = '/^Subject:/ DUNNO\n/^Subject:/ REJECT\n/^From:/ HOLD'
    expect(await verdictOf(plain, { header })).toMatchObject({
      kind: 'accept',
      hold: expect.any(String),
    })
  })

  it('PASS ends all checks of the message', async () => {
    const header = '/^Received:/ PASS\n/./ REJECT'
    expect(await verdictOf(plain, { header, body: '/./ REJECT' })).toMatchObject({ kind: 'accept' })
  })

  it('brings in no field by what it has matched', async () => {
    const folded = lines('Subject: a', ' Evil: yes', '', 'x')
    const verdict = await verdictOf(folded, { header: '/^Subject:(.*)/ REPLACE X:$1' })
    expect(verdict?.edits).toEqual([
      { kind: 'replace-stored', position: 0, field: 'X: a\r\n Evil: yes\r\n' },
    ])
  })

  it('sees a condition', async () => {
    const header = 'if /^Subject:/\n!/buy/ REJECT\n/now/ HOLD\nendif\n/now/ REJECT'
    expect(await verdictOf(plain, { header })).toMatchObject({
      kind: 'accept',
      hold: expect.any(String),
    })
  })

  it('refuses what it cannot see to its end', async () => {
    const content = new MessageContent(plain)
    const message = { ...content.message, header: 'Received: from a\r\n' }
    const step = checksStep({
      tables: {
        header: parsePatternTable('/x/ HOLD'),
        mime: parsePatternTable(''),
        nested: parsePatternTable(''),
        body: parsePatternTable(''),
      },
      bodyChecksSizeLimit: 1,
      clock: systemClock,
      log: new MemoryLog(),
    })
    const judge = step?.begin({
      origin: { remoteAddress: '192.0.2.7' },
      envelope: message.envelope,
    } as never)
    expect(await judge?.judge(message)).toMatchObject({ kind: 'reject', reply: { code: 552 } })
  })
})

describe('which table is for which line', () => {
  const seen = async (checks: Checks, message = parts) =>
    (await verdictOf(message, checks))?.warnings?.map((one) => one.replace(/^\w+ check warn: /, ''))

  it('headerChecks: the header, but for what speaks of MIME', async () => {
    expect(await seen({ header: '/./ WARN' })).toEqual(['Subject: outer'])
  })

  it('mimeHeaderChecks: what speaks of MIME, and headers of parts', async () => {
    expect(await seen({ mime: '/./ WARN' })).toEqual([
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=x',
      'Content-Type: text/plain',
      'X-Part: one',
      'Content-Type: application/octet-stream; name=evil.exe',
      'Content-Type: message/rfc822',
      'Content-Type: text/plain',
    ])
  })

  it('nestedHeaderChecks: headers of attached messages', async () => {
    expect(await seen({ nested: '/./ WARN' })).toEqual(['Subject: inner'])
  })

  it('bodyChecks: all else', async () => {
    expect(await seen({ body: '/./ WARN' })).toEqual([
      'preamble',
      '--x',
      'first',
      '--x',
      'second',
      '--x',
      'third',
      '--x--',
    ])
  })

  it('bodyChecksSizeLimit: of each part so much', async () => {
    const body = '/^a/ WARN'
    const long = lines('A: b', '', 'a1', 'a2', 'a3')
    expect(await seen({ body, limit: 5 }, long)).toEqual(['a1', 'a2'])
    expect(await seen({ body, limit: 4 }, long)).toEqual(['a1'])
    expect(await seen({ body: '/^[fst]/ WARN', limit: 1 })).toEqual(['first', 'second', 'third'])
  })

  it.each([1, 3, 1_000])('finds the same in pieces of %i bytes', async (size) => {
    const { verdict } = await check(parts, { mime: '/evil/ REJECT' }, new MemoryLog(), size)
    expect(verdict?.kind).toBe('reject')
  })
})

describe('what a check of the body changes', () => {
  it('single lines', async () => {
    const body = '/^Hello/ REPLACE Goodbye\n/^World/ PREPEND Cruel'
    const { body: changed } = await check(plain, { body })
    expect(changed).toBe(lines('Goodbye', 'Cruel', 'World'))
  })

  it.each([1, 5, 1_000])('headers of parts, read in pieces of %i bytes', async (size) => {
    const checks = { mime: '/evil\\.exe/ REPLACE Content-Type: text/plain\n/^X-Part/ IGNORE' }
    const { body: changed } = await check(parts, checks, new MemoryLog(), size)
    const before = parts.slice(parts.indexOf('preamble'))
    expect(changed).toBe(
      before
        .replace('X-Part: one\r\n', '')
        .replace('application/octet-stream;\r\n name=evil.exe', 'text/plain'),
    )
  })

  it('no more lines than there is room for', async () => {
    const many = (count: number) => `A: b\r\n\r\n${'x\r\n'.repeat(count)}`
    const checks = { body: '/x/ IGNORE', limit: 1_000_000 }
    const { verdict } = await check(many(CHANGED_LINES_MAX), checks, new MemoryLog(), 60_000)
    expect(verdict).toMatchObject({ kind: 'accept', body: { bytes: 0 } })
    const over = await check(many(CHANGED_LINES_MAX + 1), checks, new MemoryLog(), 60_000)
    expect(over.verdict).toMatchObject({ kind: 'reject', reply: { code: 550 } })
  })
})

describe('what a check costs', () => {
  it('is bounded in the log', async () => {
    const message = `A: b\r\n\r\n${'x\r\n'.repeat(100)}`
    expect((await verdictOf(message, { body: '/x/ WARN' }))?.warnings).toHaveLength(WARNINGS_MAX)
  })

  it('is bounded in time, whatever the pattern; the log tells which, and the process goes on', async () => {
    const log = new MemoryLog()
    const evil = `Subject: ${'a'.repeat(40)}!\r\n\r\nx\r\n`
    let turns = 0
    const timer = setInterval(() => turns++, 10)
    const { verdict } = await check(evil, { header: '/zz/ HOLD\n/^Subject: (a+)+$/ REJECT' }, log)
    clearInterval(timer)
    expect(verdict).toMatchObject({ kind: 'reject', reply: { code: 451, status: '4.3.0' } })
    expect(log.find('pattern too slow')).toMatchObject({ checks: 'header', line: 2 })
    expect(turns).toBeGreaterThan(10)
  })
})
