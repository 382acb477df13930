import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFilterStep, type FilterOptions } from '#services/content/filter-step.ts'
import { createWebhook, type WebhookOptions } from '#services/content/filters/webhook.ts'
import type { ContentFacts, ContentMessage, StepVerdict } from '#shared/contracts/content.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { contentFacts, contentMessage, recipient } from '#test/support/content.ts'
import { MemoryLog } from '#test/support/memory-log.ts'

const filterOptions: FilterOptions = {
  timeLimitMs: 20_000,
  concurrency: 4,
  onFailure: 'defer',
  sizeLimit: 10_000_000,
  onOversize: 'accept',
  mail: 'all',
}

let server: Server
let port: number
let answer: { status: number; body: string }
const asked: { readonly request: IncomingMessage; readonly body: Buffer }[] = []

beforeEach(async () => {
  answer = { status: 204, body: '' }
  asked.length = 0
  server = createServer(async (request, response) => {
    asked.push({ request, body: await buffer(request) })
    response.writeHead(answer.status).end(answer.body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const at = server.address()
  port = typeof at === 'object' && at !== null ? at.port : 0
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const text = 'From: a@remote.test\r\nSubject: Gr\xfc\xc3\xbc\r\n\r\nbody\r\n'

async function judge(
  given: Partial<FilterOptions & WebhookOptions> & {
    readonly facts?: Partial<ContentFacts>
    readonly message?: Partial<ContentMessage>
  } = {},
): Promise<StepVerdict> {
  const url = new URL(`http://127.0.0.1:${port}/mail?of=us`)
  const options = { url, concurrency: 4, secret: undefined, contentLimit: 0, ...given }
  const clock = { ...systemClock, now: () => 1_764_500_000_123 }
  const webhook = createWebhook(options, { clock })
  const step = createFilterStep(
    webhook,
    { ...filterOptions, ...given },
    { clock, log: new MemoryLog() },
  )
  const begun = step.begin(contentFacts(given.facts))
  const verdict = await begun?.judge(contentMessage(text, given.message))
  if (verdict === undefined) throw new Error('not looked at')
  return verdict
}

const said = (value: unknown) => {
  answer = { status: 200, body: JSON.stringify(value) }
}

describe('the webhook is told', () => {
  it('who sends what to whom', async () => {
    const facts = contentFacts()
    const tls = { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }
    const account = { id: 'a1', login: 'ann@example.test' }
    await judge({
      facts: { ...facts, origin: { ...facts.origin, tls, account } },
      message: { onTop: 'Authentication-Results: x\r\n' },
    })
    const { request, body } = asked[0] ?? {}
    expect(request).toMatchObject({
      method: 'POST',
      url: '/mail?of=us',
      headers: { 'content-type': 'application/json', 'postwolke-timestamp': '1764500000' },
    })
    expect(request?.headers).not.toHaveProperty('postwolke-signature')
    expect(JSON.parse(String(body))).toEqual({
      version: 1,
      queueId: facts.queueId,
      listener: 'smtp',
      client: {
        address: '192.0.2.1',
        port: 4711,
        helo: 'client.test',
        tls,
        login: 'ann@example.test',
      },
      envelope: {
        sender: 'sender@remote.test',
        recipients: ['ann@example.test', 'bob@example.test'],
      },
      message: {
        bytes: Buffer.from(text, 'latin1').length,
        sha256: expect.stringMatching(/./),
        added: 'Authentication-Results: x\r\n',
        header: 'From: a@remote.test\r\nSubject: Gr\ufffdü\r\n',
      },
    })
  })

  it('the beginning of the message where that is wanted, and whether it is all', async () => {
    await judge({ contentLimit: 10 })
    await judge({ contentLimit: text.length })
    const sent = asked.map(({ body }) => JSON.parse(String(body)).message)
    expect(sent[0]).toMatchObject({ isWhole: false })
    expect(Buffer.from(sent[0].content, 'base64').toString()).toBe('From: a@re')
    expect(sent[1]).toMatchObject({ isWhole: true })
    expect(Buffer.from(sent[1].content, 'base64').toString('latin1')).toBe(text)
  })

  it('in a way that proves who asks', async () => {
    await judge({ secret: 'open sesame' })
    const { request, body = Buffer.alloc(0) } = asked[0] ?? {}
    const expected = createHmac('sha256', 'open sesame')
      .update(Buffer.concat([Buffer.from('1764500000.'), body]))
      .digest('hex')
    expect(request?.headers['postwolke-signature']).toBe(`sha256=${expected}`)
  })

  it('in the words of its page', async () => {
    await judge({ contentLimit: 100 })
    const page = await readFile(new URL('../../../../../docs/webhook.md', import.meta.url), 'utf8')
    const [, example = ''] = /```json\n(\{\n {2}"version".*?)```/s.exec(page) ?? []
    const names = (value: unknown): unknown =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, names(one)]))
        : null
    const tls = { protocol: null, cipher: null }
    const sent = Object(names(JSON.parse(String(asked[0]?.body))))
    expect(names(JSON.parse(example))).toEqual({ ...sent, client: { ...sent.client, tls } })
  })
})

describe('the webhook says', () => {
  it('nothing, with 204: the message is taken', async () => {
    expect(await judge()).toEqual({ kind: 'accept', found: 'accept' })
  })

  it.each<[string, object, object]>([
    ['accept', {}, { kind: 'accept', found: 'why' }],
    ['junk', {}, { kind: 'accept', junk: 'why' }],
    ['hold', {}, { kind: 'accept', hold: 'why' }],
    ['discard', {}, { kind: 'discard', found: 'why' }],
    [
      'redirect',
      { redirectTo: '<x@example.test>' },
      { kind: 'accept', redirect: 'x@example.test' },
    ],
    [
      'reject',
      {},
      { kind: 'reject', reply: { code: 550, status: '5.7.1', text: 'Message refused' } },
    ],
    [
      'defer',
      {},
      { kind: 'reject', reply: { code: 451, status: '4.7.1', text: 'Try again later' } },
    ],
    [
      'reject',
      { reply: { code: 554, status: '5.6.0', text: 'no\r\n250 yes' } },
      { kind: 'reject', reply: { code: 554, status: '5.6.0', text: 'no 250 yes' } },
    ],
    [
      'reject',
      { reply: { code: 250, status: '2.0.0', text: 7 } },
      { kind: 'reject', reply: { code: 550, status: '5.7.1', text: 'Message refused' } },
    ],
    ['defer', { reply: { code: 421 } }, { kind: 'reject', reply: { code: 451 } }],
    ['defer', { reply: { code: 452, status: '4.2.2' } }, { reply: { code: 452, status: '4.2.2' } }],
  ])('%s', async (verdict, besides, expected) => {
    said({ verdict, reason: 'why', ...besides })
    expect(await judge()).toMatchObject(expected)
  })

  it('what is to be changed', async () => {
    said({
      verdict: 'accept',
      headers: {
        add: [{ name: 'X-Filter', value: 'a\r\nSubject: b' }],
        replace: [{ name: 'Subject', value: 'ü', occurrence: 2 }],
        remove: [{ name: 'X-Spam' }, { name: 'X-Other', occurrence: -1 }],
      },
      sender: '',
      addRecipients: ['x@example.test'],
      removeRecipients: ['<ann@example.test>'],
    })
    expect(await judge()).toMatchObject({
      kind: 'accept',
      edits: [
        { kind: 'remove', name: 'X-Spam', occurrence: 0 },
        { kind: 'remove', name: 'X-Other', occurrence: -1 },
        { kind: 'replace', name: 'Subject', occurrence: 2, field: 'Subject: \xc3\xbc\r\n' },
        { kind: 'top', field: 'X-Filter: a\r\n\tSubject: b\r\n' },
      ],
      sender: '',
      addRecipients: ['x@example.test'],
      removeRecipients: ['ann@example.test'],
    })
  })

  it.each<[string, number, unknown]>([
    ['no JSON', 200, 'accept'],
    ['no verdict', 200, {}],
    ['an unknown verdict', 200, { verdict: 'burn' }],
    ['a redirection to nowhere', 200, { verdict: 'redirect' }],
    ['a field that is none', 200, { verdict: 'accept', headers: { add: [{ name: 'a b' }] } }],
    ['another status', 500, { verdict: 'accept' }],
    ['that it lives elsewhere', 302, { verdict: 'accept' }],
    ['more than anybody would read', 200, { verdict: 'accept', reason: 'x'.repeat(300_000) }],
  ])('%s, and the message is put off', async (_, status, body) => {
    answer = { status, body: typeof body === 'string' ? body : JSON.stringify(body) }
    expect(await judge()).toMatchObject({ kind: 'reject', reply: { code: 451 } })
  })

  it('something of 1,000 messages at once, four at a time', async () => {
    said({ verdict: 'accept' })
    const url = new URL(`http://127.0.0.1:${port}/`)
    const clock = systemClock
    const webhook = createWebhook(
      { url, concurrency: 4, secret: 's', contentLimit: 1_000 },
      { clock },
    )
    const step = createFilterStep(webhook, filterOptions, { clock, log: new MemoryLog() })
    const verdicts = await Promise.all(
      Array.from({ length: 1_000 }, () => {
        const envelope = { ...contentFacts().envelope, recipients: [recipient('x@example.test')] }
        return step.begin(contentFacts())?.judge(contentMessage(text, { envelope }))
      }),
    )
    expect(verdicts.filter((verdict) => verdict?.kind === 'accept')).toHaveLength(1_000)
    expect(new Set(asked.map(({ request }) => request.socket.remotePort)).size).toBeLessThan(10)
  })
})
