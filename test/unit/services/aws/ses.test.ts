// The API of SES, as far as it is used, over HTTP: what is asked, how fast, and what its errors mean.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSes } from '#services/aws/ses.ts'
import { SesRefusal } from '#services/delivery/remote/ses-transport.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { type FakeSes, openFakeSes, SES_ACCOUNT_PATH } from '#test/support/fake-ses.ts'
import { manualClock } from '#test/support/pipeline.ts'

const letter = {
  raw: Buffer.from('Subject: x\r\n\r\n'),
  sender: 'a@ours.test',
  recipients: ['b@x.test'],
}

describe('SES by its API', () => {
  let ses: FakeSes

  beforeEach(async () => {
    ses = await openFakeSes()
    process.env.AWS_ACCESS_KEY_ID ??= 'test'
    process.env.AWS_SECRET_ACCESS_KEY ??= 'test'
  })
  afterEach(() => ses[Symbol.asyncDispose]())

  const open = (senders = 1, clock = manualClock()) =>
    openSes({ region: 'eu-central-1', endpoint: ses.endpoint, senders }, { clock, log: silentLog })

  it('sends the bytes raw, to those of the envelope', async () => {
    expect(await open()(letter)).toBe('id-1')
    expect(ses.asked.at(-1)).toEqual({
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
    expect(ses.asked.at(-1)?.body).not.toHaveProperty('FromEmailAddress')
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
    expect(ses.asked.filter(({ path }) => path === SES_ACCOUNT_PATH)).toHaveLength(1)
    clock.advance(3_600_001)
    await send(letter)
    expect(ses.asked.filter(({ path }) => path === SES_ACCOUNT_PATH)).toHaveLength(2)
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
    ses.instead = ({ path }) =>
      path === SES_ACCOUNT_PATH ? undefined : { status, type, body: { message: 'no' } }
    const error = await open()(letter).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(SesRefusal)
    expect(error).toMatchObject({ kind, message: `${type}: no` })
  })
})
