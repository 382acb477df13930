import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { openSpans } from '#services/assembly/spans.ts'
import type { WebPart } from '#shared/contracts/web.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { tappedLog } from '#shared/runtime/tapped-log.ts'
import { createLineSpans } from '#shared/spans/line-spans.ts'
import { messageSpanOf, parseTraceparent, type Span, traceOf } from '#shared/spans/span.ts'
import { manualClock } from '#test/support/pipeline.ts'

const clock = manualClock()
const queueId = newQueueId(clock.now() - 500)

function logOf(end: (span: Span) => void) {
  return tappedLog(silentLog, createLineSpans({ end }, clock))
}

describe('spans of lines', () => {
  it('are one trace for a message and its deliveries, whoever writes the lines', () => {
    const spans: Span[] = []
    const log = logOf((span) => spans.push(span))
    log.child({ service: 'smtp', listener: 'smtp' }).info({ queueId, size: 12 }, 'message accepted')
    const delivery = log.child({ service: 'delivery' })
    const to = 'ann@example.org'
    delivery.info({ queueId, to, relay: 'mx', delays: '0.5/1/0.2/0.3', dsn: '2.0.0' }, 'delivered')
    log.info({ queueId: 'none' }, 'message accepted')
    log.info({ times: 7 }, 'session ended')
    expect(spans).toMatchObject([
      {
        ...{ traceId: traceOf(queueId), spanId: messageSpanOf(queueId), parentId: null },
        ...{ name: 'message', startMs: clock.now() - 500, endMs: clock.now() },
        attributes: { queueId, listener: 'smtp', size: 12 },
      },
      {
        ...{ traceId: traceOf(queueId), parentId: messageSpanOf(queueId) },
        ...{ name: 'delivery delivered', startMs: clock.now() - 500 },
        attributes: { relay: 'mx', destination: 'example.org' },
      },
    ])
    // Addresses are nobody's but the log's.
    expect(JSON.stringify(spans)).not.toContain(to)
  })

  it('are of a session as long as it was', () => {
    const spans: Span[] = []
    logOf((span) => spans.push(span))
      .child({ service: 'smtp', remoteAddress: '192.0.2.1' })
      .info({ ms: 1_500, reason: 'QUIT', accepted: 1 }, 'session ended')
    expect(spans).toMatchObject([
      { name: 'session smtp', startMs: clock.now() - 1_500, parentId: null },
    ])
  })
})

describe('traceparent (W3C Trace Context §3.2)', () => {
  const trace = '0af7651916cd43dd8448eb211c80319c'
  it.each([
    [`00-${trace}-b7ad6b7169203331-01`, trace],
    [`01-${trace}-b7ad6b7169203331-01-more`, trace],
    [`ff-${trace}-b7ad6b7169203331-01`, undefined],
    [`00-${'0'.repeat(32)}-b7ad6b7169203331-01`, undefined],
    [`00-${trace}-${'0'.repeat(16)}-01`, undefined],
    [`00-${trace.toUpperCase()}-b7ad6b7169203331-01`, undefined],
    ['', undefined],
  ])('%s', (text, traceId) => {
    expect(parseTraceparent(text)?.traceId).toBe(traceId)
  })
})

describe('what a collector gets', () => {
  const resources = new AsyncDisposableStack()
  afterEach(() => resources.disposeAsync())

  it('is each span with its ids, and of a request the trace that it is a part of', async () => {
    const bodies: string[] = []
    const server = createServer(async (request, response) => {
      bodies.push(`${request.url} ${(await Array.fromAsync(request)).join('')}`)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    resources.defer(async () => void server.close())
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const spans = await openSpans(new URL(`http://127.0.0.1:${port}`), '0.0.0')
    logOf((span) => spans.end(span)).info({ queueId }, 'message accepted')
    const part: WebPart = { name: 'api', over: 'any', handler: async () => new Response('ok') }
    const [traced] = spans.around([part], clock)
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const caller = { address: '192.0.2.1', isSecure: true }
    await traced?.handler(new Request('http://mx.test/api', { headers: { traceparent } }), caller)
    await spans.close()
    const text = bodies.join('\n')
    expect(text).toMatch(/^\/v1\/traces /)
    for (const id of [traceOf(queueId), messageSpanOf(queueId)]) expect(text).toContain(id)
    expect(text).toContain('0af7651916cd43dd8448eb211c80319c')
    expect(text).toContain('b7ad6b7169203331')
    expect(text).toContain('api GET')
  })
})
