// Events of an HTTP API and answers to them.

import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  ANSWER_BYTES_MAX,
  answerOfResponse,
  BODY_BYTES_MAX,
  type HttpEvent,
  requestOfEvent,
} from '#services/aws/http-event.ts'

type Http = Partial<HttpEvent['requestContext']['http']>

function event(more: Partial<HttpEvent> = {}, http: Http = {}, domainName = 'admin.example.org') {
  return {
    version: '2.0',
    rawPath: '/api/v1/accounts',
    rawQueryString: '',
    headers: {},
    requestContext: { domainName, http: { method: 'GET', sourceIp: '192.0.2.1', ...http } },
    isBase64Encoded: false,
    ...more,
  } satisfies HttpEvent
}

describe('a request', () => {
  it('has the name and the caller that the gateway says, whatever fields claim', () => {
    const headers = { host: 'evil.test', 'x-forwarded-for': '203.0.113.9', forwarded: 'for=::1' }
    const made = requestOfEvent(event({ headers, rawQueryString: 'q=a%20b&limit=2' }))
    expect(made?.request.url).toBe('https://admin.example.org/api/v1/accounts?q=a%20b&limit=2')
    expect(made?.caller).toEqual({ address: '192.0.2.1', isSecure: true })
  })

  it.each([
    ['//evil.test/x', 'https://admin.example.org//evil.test/x'],
    ['/a b?c#d', 'https://admin.example.org/a%20b%3Fc%23d'],
    ['/accounts/ann%40example.org', 'https://admin.example.org/accounts/ann%40example.org'],
  ])('of the path %s stays at its host and is that path', (rawPath, url) => {
    expect(requestOfEvent(event({ rawPath }))?.request.url).toBe(url)
  })

  it('has its cookies in one field', () => {
    const made = requestOfEvent(event({ cookies: ['a=1', '__Host-postwolke=x'] }))
    expect(made?.request.headers.get('cookie')).toBe('a=1; __Host-postwolke=x')
  })

  it.each([
    [false, '{"ü":1}', Buffer.from('{"ü":1}')],
    [true, Buffer.from([0, 255, 13]).toString('base64'), Buffer.from([0, 255, 13])],
  ])('has its body (base64: %s)', async (isBase64Encoded, body, bytes) => {
    const made = requestOfEvent(event({ body, isBase64Encoded }, { method: 'POST' }))
    const sent = (await made?.request.arrayBuffer()) ?? new ArrayBuffer()
    expect(Buffer.from(sent)).toEqual(bytes)
  })

  it('asks as GET for HEAD, and takes no body with it', () => {
    const made = requestOfEvent(event({ body: 'x' }, { method: 'HEAD' }))
    expect([made?.request.method, made?.request.body]).toEqual(['GET', null])
  })

  it.each([
    ['a method nobody may ask by', event({}, { method: 'TRACE' })],
    ['a name that is none', event({}, {}, 'a b/c')],
    ['a path that is none', event({ rawPath: 'x' })],
    ['a field that is none', event({ headers: { 'a b': 'x' } })],
  ])('is none with %s', (_what, given) => {
    expect(requestOfEvent(given)).toBeUndefined()
  })
})

describe('an answer', () => {
  const json = { 'content-type': 'application/problem+json' }

  it('is text where it is text, and has its cookies apart', async () => {
    const headers = new Headers({ ...json, 'content-length': '9' })
    headers.append('set-cookie', 'a=1; Path=/')
    headers.append('set-cookie', 'b=2')
    const response = new Response('{"ü":"€"}', { status: 404, headers })
    expect(await answerOfResponse(response, event())).toEqual({
      statusCode: 404,
      headers: json,
      cookies: ['a=1; Path=/', 'b=2'],
      body: '{"ü":"€"}',
      isBase64Encoded: false,
    })
  })

  it.each([
    ['image/png', undefined],
    ['text/javascript; charset=utf-8', 'br'],
  ])('of %s (%s) is base64', async (type, encoding) => {
    const bytes = new Uint8Array([0, 128, 255])
    const headers = { 'content-type': type, ...(encoding && { 'content-encoding': encoding }) }
    const answer = await answerOfResponse(new Response(bytes, { headers }), event())
    expect(answer.isBase64Encoded).toBe(true)
    expect(Buffer.from(answer.body, 'base64')).toEqual(Buffer.from(bytes))
  })

  it('to HEAD has no body', async () => {
    const response = new Response('x', { headers: { etag: '"1"' } })
    const answer = await answerOfResponse(response, event({}, { method: 'HEAD' }))
    expect([answer.body, answer.headers.etag]).toEqual(['', '"1"'])
  })

  it.each([
    ['gzip, br', true],
    ['deflate, gzip;q=0.5', true],
    ['gzip;q=0', false],
    ['gzip; q=0.000', false],
    ['br', false],
    ['xgzip', false],
  ])('that is long is compressed for whoever takes that: %s', async (accepted, isCompressed) => {
    const text = JSON.stringify('a'.repeat(100_000))
    const asked = event({ headers: { 'accept-encoding': accepted } })
    const answer = await answerOfResponse(new Response(text, { headers: json }), asked)
    expect(answer.isBase64Encoded).toBe(isCompressed)
    if (!isCompressed) return
    expect(gunzipSync(Buffer.from(answer.body, 'base64')).toString()).toBe(text)
    expect(answer.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' })
  })

  it('of as much as Lambda takes goes out, and of one byte more is an error that says so', async () => {
    const quotes = 2
    const ofText = (length: number) =>
      answerOfResponse(new Response('a'.repeat(length), { headers: json }), event())
    expect((await ofText(ANSWER_BYTES_MAX - quotes)).statusCode).toBe(200)
    const refused = await ofText(ANSWER_BYTES_MAX - quotes + 1)
    expect([refused.statusCode, JSON.parse(refused.body).code]).toEqual([500, 'answer-too-large'])
  })

  it('is not read beyond what it may have', async () => {
    let isCancelled = false
    const chunk = new Uint8Array(8 * 1024 * 1024)
    let given = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        given += chunk.length
        controller.enqueue(chunk)
      },
      cancel() {
        isCancelled = true
      },
    })
    const answer = await answerOfResponse(new Response(endless), event())
    expect([answer.statusCode, isCancelled]).toEqual([500, true])
    expect(given).toBeLessThan(BODY_BYTES_MAX + 3 * chunk.length)
  })
})
