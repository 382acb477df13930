// The API of SES, as far as it is used, over HTTP: what is asked, how fast, and what its errors mean.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSes } from '#services/aws/ses.ts'
import { SesRefusal } from '#services/delivery/remote/ses-transport.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { manualClock } from '#test/support/pipeline.ts'

type Asked = { readonly path: string; readonly body: Record<string, unknown> }
type Answer = { readonly status: number; readonly type?: string; readonly body: object }

const letter = {
  raw: Buffer.from('Subject: x\r\n\r\n'),
  sender: 'a@ours.test',
  recipients: ['b@x.test'],
}

describe('SES by its API', () => {
  const asked: Asked[] = []
  let answers: (path: string) => Answer
  let server: ReturnType<typeof createServer>
  let endpoint: string

  beforeEach(async () => {
    asked.length = 0
    answers = (path) =>
      path === '/v2/email/account'
        ? { status: 200, body: { SendQuota: { MaxSendRate: 10 } } }
        : { status: 200, body: { MessageId: 'id-1' } }
    server = createServer(async (request, response) => {
      const text = Buffer.concat(await Array.fromAsync(request)).toString()
      const path = request.url ?? ''
      asked.push({ path, body: text === '' ? {} : JSON.parse(text) })
      const { status, type, body } = answers(path)
      response.writeHead(status, {
        'content-type': 'application/json',
        ...(type !== undefined && { 'x-amzn-errortype': type }),
      })
      response.end(JSON.stringify(body))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
    process.env.AWS_ACCESS_KEY_ID ??= 'test'
    process.env.AWS_SECRET_ACCESS_KEY ??= 'test'
  })
  afterEach(() => void server.close())

  const open = (senders = 1, clock = manualClock()) =>
    openSes({ region: 'eu-central-1', endpoint, senders }, { clock, log: silentLog })

  it('sends the bytes raw, to those of the envelope', async () => {
    expect(await open()(letter)).toBe('id-1')
    expect(asked.at(-1)).toEqual({
      path: '/v2/email/outbound-emails',
      body: {
        FromEmailAddress: 'a@ours.test',
        Destination: { ToAddresses: ['b@x.test'] },
        Content: { Raw: { Data: letter.raw.toString('base64') } },
      },
    })
  })

  it('names no sender for a notice', async () => {
    await open()({ ...letter, sender: '' })
    expect(asked.at(-1)?.body).not.toHaveProperty('FromEmailAddress')
  })

  it('keeps to its part of the rate, and asks for that once an hour', async () => {
    const clock = manualClock()
    const slept: number[] = []
    const send = open(2, {
      ...clock,
      async sleep(ms: number) {
        slept.push(ms)
      },
    })
    for (let n = 0; n < 3; n++) await send({ ...letter, recipients: ['b@x.test', 'c@x.test'] })
    // Ten recipients a second, half of that for each of two senders: two recipients are 400 ms.
    expect(slept).toEqual([400, 800])
    expect(asked.filter(({ path }) => path === '/v2/email/account')).toHaveLength(1)
    clock.advance(3_600_001)
    await send(letter)
    expect(asked.filter(({ path }) => path === '/v2/email/account')).toHaveLength(2)
  })

  it('puts off what would wait longer than half a minute for its turn', async () => {
    const send = open(1, { ...manualClock(), async sleep() {} })
    await send({ ...letter, recipients: Array.from({ length: 400 }, () => 'b@x.test') })
    await expect(send(letter)).rejects.toMatchObject({ kind: 'throttled' })
  })

  it.each([
    ['TooManyRequestsException', 429, 'throttled'],
    ['SendingPausedException', 400, 'unavailable'],
    ['AccountSuspendedException', 400, 'unavailable'],
    ['MailFromDomainNotVerifiedException', 400, 'unavailable'],
    ['MessageRejected', 400, 'refused'],
    ['BadRequestException', 400, 'refused'],
  ])('reads %s', async (type, status, kind) => {
    const usual = answers
    answers = (path) =>
      path === '/v2/email/account' ? usual(path) : { status, type, body: { message: 'no' } }
    const error = await open()(letter).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(SesRefusal)
    expect(error).toMatchObject({ kind, message: `${type}: no` })
  })
})
