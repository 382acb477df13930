import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createFilterStep, type FilterOptions } from '#services/content/filter-step.ts'
import { createRspamd, type RspamdOptions } from '#services/content/filters/rspamd.ts'
import type { ContentFacts, ContentMessage, StepVerdict } from '#shared/contracts/content.ts'
import { editHeader } from '#shared/mail/header-edits.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { contentFacts, contentMessage } from '#test/support/content.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { isInstalled } from '#test/support/program.ts'
import { type Rspamd, startRspamd } from '#test/support/rspamd.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const filterOptions: FilterOptions = {
  timeLimitMs: 20_000,
  concurrency: 4,
  onFailure: 'accept',
  sizeLimit: 10_000_000,
  onOversize: 'accept',
  mail: 'all',
}

type Given = Partial<FilterOptions & Omit<RspamdOptions, 'concurrency' | 'hostname'>>

function stepAt(port: number, given: Given = {}) {
  const rspamd = createRspamd({
    address: { kind: 'inet', host: '127.0.0.1', port },
    concurrency: 4,
    hostname: 'mx.example.test',
    onSpam: 'junk',
    onReject: 'reject',
    onGreylist: 'ignore',
    ...given,
  })
  const deps = { clock: systemClock, log: new MemoryLog() }
  return createFilterStep(rspamd, { ...filterOptions, ...given }, deps)
}

async function judge(
  port: number,
  text: string,
  given: Given & {
    readonly facts?: Partial<ContentFacts>
    readonly message?: Partial<ContentMessage>
  } = {},
): Promise<StepVerdict> {
  const begun = stepAt(port, given).begin(contentFacts(given.facts))
  const verdict = await begun?.judge(contentMessage(text, given.message))
  if (verdict === undefined) throw new Error('not looked at')
  return verdict
}

const GTUBE = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'
const header = 'From: a@remote.test\r\nSubject: Grüße\r\n'
const scored = (score: number) => `${header}X-Test-Score: ${score}\r\n\r\nbody\r\n`

describe.skipIf(!isInstalled('rspamd'))('rspamd of Debian', () => {
  let rspamd: Rspamd
  beforeAll(async () => {
    rspamd = await startRspamd()
  }, 60_000)
  afterAll(() => rspamd[Symbol.asyncDispose]())

  it('rejects GTUBE', async () => {
    const verdict = await judge(rspamd.port, `${header}\r\n${GTUBE}\r\n`)
    expect(verdict).toMatchObject({
      kind: 'reject',
      reply: { code: 554, status: '5.7.1', text: 'Gtube pattern' },
      found: expect.stringMatching(/^reject 15\/15: GTUBE\(0\)/),
    })
  })

  it.each<[string, number, Given, object]>([
    ['no action', 1, {}, { kind: 'accept', found: /^no action 1\// }],
    ['greylist', 5, {}, { kind: 'accept', found: /^greylist 5\// }],
    ['greylist', 5, { onGreylist: 'defer' }, { kind: 'reject', reply: { code: 451 } }],
    ['add header', 7, {}, { kind: 'accept', junk: /^add header 7\/15: TEST_SCORE\(7\)/ }],
    ['add header', 7, { onSpam: 'header' }, { kind: 'accept', found: /^add header/ }],
    ['rewrite subject', 9, {}, { kind: 'accept', junk: /^rewrite subject/ }],
    ['reject', 16, {}, { kind: 'reject', reply: { code: 554 } }],
    ['reject', 16, { onReject: 'quarantine' }, { kind: 'accept', hold: /^reject 16/ }],
    ['reject', 16, { onReject: 'discard' }, { kind: 'discard' }],
    ['reject', 16, { onReject: 'junk' }, { kind: 'accept', junk: /^reject 16/ }],
  ])('says %s for a score of %d', async (_, score, given, expected) => {
    const verdict = await judge(rspamd.port, scored(score), given)
    for (const [name, value] of Object.entries(expected)) {
      const got = Object(verdict)[name]
      if (value instanceof RegExp) expect(got).toMatch(value)
      else if (typeof value === 'object') expect(got).toMatchObject(value)
      else expect(got).toBe(value)
    }
    if (given.onSpam === 'header') expect(verdict).not.toHaveProperty('junk')
    const marks = verdict.kind === 'accept' ? (verdict.edits ?? []) : []
    const isMarked = marks.some((edit) => 'field' in edit && edit.field === 'X-Spam: Yes\r\n')
    expect(isMarked).toBe(score === 7 || score === 9)
  })

  it('rewrites the subject', async () => {
    const verdict = await judge(rspamd.port, scored(9))
    if (verdict.kind !== 'accept') throw new Error(verdict.kind)
    const edits = (verdict.edits ?? []).filter((edit) => edit.kind !== 'top')
    const edited = Buffer.from(editHeader(header, edits), 'latin1').toString()
    expect(edited).toMatch(/^From: a@remote.test\r\nSubject: .+\r\n$/)
    expect(edited).toMatch(/SPAM/)
  })

  it('has its changes made, and knows who sends', async () => {
    const facts = contentFacts()
    const account = { id: 'a1', login: 'ann@example.test' }
    const text = `${header}X-Test-Milter: yes\r\n\r\nbody\r\n`
    const origin = { ...facts.origin, account }
    const verdict = await judge(rspamd.port, text, { facts: { ...facts, origin } })
    expect(verdict).toMatchObject({
      kind: 'accept',
      sender: 'changed@remote.test',
      addRecipients: ['more@example.test'],
      removeRecipients: ['bob@example.test'],
    })
    if (verdict.kind !== 'accept') throw new Error(verdict.kind)
    const edits = verdict.edits ?? []
    const top = edits.find((edit) => edit.kind === 'top')
    expect(top?.field).toBe(
      `X-Test-Top: sender@remote.test ann@example.test client.test ${facts.queueId}\r\n`,
    )
    const others = edits.filter((edit) => edit.kind !== 'top')
    expect(editHeader(`${header}X-Test-Milter: yes\r\n`, others)).toBe(
      `${header}X-Test-Third: third\r\nX-Test-Last: last\r\n`,
    )
  })

  it('judges what stands on top of the message too', async () => {
    const message = { onTop: 'X-Test-Score: 7\r\n' }
    const verdict = await judge(rspamd.port, `${header}\r\nbody\r\n`, { message })
    expect(verdict.found).toMatch(/^add header 7/)
  })

  it('is asked over connections that are kept, 50 messages at once', async () => {
    const step = stepAt(rspamd.port)
    const all = Array.from({ length: 50 }, (_, n) => {
      const large = `${scored(n % 2 === 0 ? 1 : 16)}${'x'.repeat(n * 5_000)}\r\n`
      return step.begin(contentFacts())?.judge(contentMessage(large))
    })
    const kinds = (await Promise.all(all)).map((verdict) => verdict?.kind)
    expect(kinds).toEqual(all.map((_, n) => (n % 2 === 0 ? 'accept' : 'reject')))
  })
})

describe('an rspamd that does not do what it should', () => {
  let server: Server | undefined
  afterEach(async () => {
    server?.closeAllConnections()
    if (server !== undefined) await new Promise((resolve) => server?.close(resolve))
    server = undefined
  })

  async function serve(answer: RequestListener): Promise<number> {
    server = createServer(answer).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const at = server.address()
    return typeof at === 'object' && at !== null ? at.port : 0
  }

  const large = `${header}\r\n${'x'.repeat(3_000_000)}\r\n`
  const json = (value: unknown): RequestListener => {
    return (asked, answer) => asked.resume().on('end', () => answer.end(JSON.stringify(value)))
  }

  it.each<[string, RequestListener, RegExp]>([
    ['closes at once', (asked) => asked.socket.destroy(), /^failed/],
    [
      'breaks off in its answer',
      (_, answer) =>
        void answer
          .writeHead(200, { 'Content-Length': 9 })
          .write('x', () => answer.socket?.destroy()),
      /^failed/,
    ],
    ['says it is ill', (_, answer) => void answer.writeHead(500).end('ill'), /answers 500: ill/],
    [
      'answers before it has read all',
      (_, answer) => void answer.end('{"action": "no action"}'),
      /^no action/,
    ],
    ['answers no JSON', (_, answer) => void answer.end('<html>'), /no JSON object/],
    ['answers a list', json([1]), /no JSON object/],
    ['names no action', json({ score: 3 }), /names no action/],
    ['names an unknown one', json({ action: 'burn\r\nit' }), /wants burn it/],
    [
      'lies about all else',
      json({
        action: 'no action',
        score: '9',
        symbols: [1],
        milter: { add_headers: 'x', remove_headers: [1], add_rcpt: { a: 1 }, change_from: 7 },
      }),
      /^no action 0\/0/,
    ],
  ])('is left out where it %s', async (_, answer, found) => {
    const port = await serve(answer)
    for (const text of [scored(1), large]) {
      const verdict = await judge(port, text)
      expect(verdict.kind).toBe('accept')
      expect(verdict.found).toMatch(found)
    }
  })

  it('is left out where its answer has no end, which nobody holds', async () => {
    let sent = 0
    const port = await serve((_, answer) => {
      const chunk = Buffer.alloc(1024 * 1024)
      const more = () => {
        while (!answer.destroyed) {
          sent += chunk.length
          if (!answer.write(chunk)) break
        }
      }
      answer.on('drain', more).on('error', () => {})
      more()
    })
    expect((await judge(port, scored(1))).found).toMatch(/answer of more than \d+ bytes/)
    expect(sent).toBeLessThan(64 * 1024 * 1024)
  })

  it.each<[string, RequestListener]>([
    ['reads nothing', () => {}],
    ['says nothing', (asked) => void asked.resume()],
    ['begins an answer and stops', (_, answer) => void answer.write('{')],
  ])('is left out where it %s, when its time is over', async (_, answer) => {
    const verdict = await judge(await serve(answer), large, { timeLimitMs: 200 })
    expect(verdict.found).toBe('failed: no answer in time')
  })

  it('may listen on a Unix socket', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'rspamd.sock')
    server = createServer(json({ action: 'no action', score: 2 })).listen(path)
    await once(server, 'listening')
    const verdict = await stepAt(0, { address: { kind: 'unix', path } })
      .begin(contentFacts())
      ?.judge(contentMessage(scored(1)))
    expect(verdict?.found).toMatch(/^no action 2/)
  })

  it('cannot put fields of its own making where one should be', async () => {
    const value = 'x\r\n\r\nbody\r\nSubject: other\0'
    const add_headers = { 'X-One': value, 'X Two': 'x', 'X-Many': Array(1_000).fill('x') }
    const port = await serve(json({ action: 'no action', milter: { add_headers } }))
    const verdict = await judge(port, scored(1))
    if (verdict.kind !== 'accept') throw new Error(verdict.kind)
    const fields = (verdict.edits ?? []).map((edit) => ('field' in edit ? edit.field : ''))
    expect(fields[0]).toBe('X-One: x\r\n\tbody\r\n\tSubject: other\r\n')
    expect(fields.join('')).not.toMatch(/X Two/)
    expect(fields.length).toBeLessThanOrEqual(100)
  })

  it('may close connections that were kept', async () => {
    let asked = 0
    const port = await serve((request, answer) => {
      asked += 1
      request.resume().on('end', () => answer.end('{"action": "no action"}'))
    })
    const step = stepAt(port, { concurrency: 1 })
    for (let round = 0; round < 3; round++) {
      const verdict = await step.begin(contentFacts())?.judge(contentMessage(scored(1)))
      expect(verdict?.found).toMatch(/^no action/)
      server?.closeAllConnections()
    }
    expect(asked).toBe(3)
  })
})
