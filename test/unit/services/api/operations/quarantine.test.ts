// Quarantine over HTTP: a holder and whoever is responsible find out whether a message is safe, and let it go to those whom it is theirs to
// decide for.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Actor } from '#shared/administration/rights/actor.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'
import { openApi, owner, type TestApi } from '#test/support/api.ts'
import { origin } from '#test/support/origin.ts'

let world: Administered
let api: TestApi
const ids = new Map<string, AccountId>()
const holder = (address: string): Actor => ({
  ...owner,
  role: 'holder',
  accountId: ids.get(address) ?? null,
})

const letter = [
  'From: =?utf-8?Q?Ann=E2=80=AE_<b>?= <ann@far.test>',
  'To: team@one.test',
  'Subject: =?utf-8?Q?win=07_<script>?=',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/html',
  '',
  '<script>steal()</script><p>Hello <b>you</b></p>',
  '--b',
  'Content-Type: application/octet-stream',
  'Content-Disposition: attachment; filename="bill.exe"',
  '',
  'MZ',
  '--b--',
  '',
].join('\r\n')

beforeAll(async () => {
  world = await openAdministration(['quarantineAllowTable=allowed', 'quarantineLifetime=10d'])
  api = openApi(world.pipeline.backend)
  const { domains, accounts, aliases } = world.administration
  await domains.add({ domain: 'one.test' })
  for (const address of ['ann@one.test', 'bob@one.test']) {
    await accounts.add({ address, secret: hashOfA })
    const shown = await accounts.show(address)
    if (shown.kind === 'account') ids.set(address, shown.account.id as AccountId)
  }
  await aliases.add({ alias: 'also.bob@one.test', targets: ['bob@one.test'] })
})
afterAll(() => world[Symbol.asyncDispose]())

let held: QueueId
beforeEach(async () => {
  for await (const { message } of world.pipeline.backend.operator.list()) {
    await world.pipeline.backend.operator.remove(message.queueId)
  }
  held = await world.pipeline.accept(letter, ['ann@one.test', 'also.bob@one.test'], {
    held: 'infected: Eicar',
  })
})

const list = async (as: Actor = owner) => (await api.ask('GET /quarantine', undefined, { as })).body
const inboxOf = async (address: string) => (await world.pipeline.inbox(address)).length

it('lists what was set aside, and nothing that an operator holds', async () => {
  const other = await world.pipeline.accept(letter, ['ann@one.test'])
  await api.ask(`POST /queue/${other}:hold`, {})
  const { data } = await list()
  expect(data).toMatchObject([
    { queueId: held, reason: 'infected: Eicar', recipients: ['ann@one.test', 'also.bob@one.test'] },
  ])
})

it('shows plain text alone, whatever the message is', async () => {
  const { body } = await api.ask(`GET /quarantine/${held}`)
  expect(body).toMatchObject({
    from: 'Ann <b> <ann@far.test>',
    subject: 'win <script>',
    preview: {
      text: expect.stringContaining('Hello you'),
      attachments: [{ name: 'bill.exe', type: 'application/octet-stream', bytes: 2 }],
    },
  })
  expect(body.preview.text).not.toContain('steal')
})

describe('a holder', () => {
  it('sees of it himself, by whatever address', async () => {
    const { data } = await list(holder('bob@one.test'))
    expect(data).toMatchObject([{ queueId: held, recipients: ['also.bob@one.test'] }])
  })

  it('lets it go to himself; the others wait on, and get it when it is let go to them', async () => {
    const before = [await inboxOf('ann@one.test'), await inboxOf('bob@one.test')] as const
    const released = await api.ask(
      `POST /quarantine/${held}:release`,
      {},
      {
        as: holder('bob@one.test'),
      },
    )
    expect(released.body).toMatchObject({ recipients: ['also.bob@one.test'] })
    await world.pipeline.settle()
    expect(await inboxOf('bob@one.test')).toBe(before[1] + 1)
    expect(await inboxOf('ann@one.test')).toBe(before[0])
    expect((await list()).data).toMatchObject([{ queueId: held, recipients: ['ann@one.test'] }])
    expect((await list(holder('bob@one.test'))).data).toEqual([])
    await api.ask(`POST /quarantine/${held}:release`, {})
    await world.pipeline.settle()
    expect(await inboxOf('ann@one.test')).toBe(before[0] + 1)
    expect(await inboxOf('bob@one.test')).toBe(before[1] + 1)
    expect((await list()).data).toEqual([])
  })

  it('deletes nothing that others wait for', async () => {
    const as = holder('bob@one.test')
    const { status, body } = await api.ask(`DELETE /quarantine/${held}`, undefined, { as })
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'others-wait' })
  })

  it('lets in no sender for everybody', async () => {
    const as = holder('bob@one.test')
    const { status } = await api.ask(`POST /quarantine/${held}:release`, { notSpam: true }, { as })
    expect(status).toBe(403)
    expect((await list()).data).toHaveLength(1)
  })
})

it('lets its sender in with it', async () => {
  const { body } = await api.ask(`POST /quarantine/${held}:release`, { notSpam: true })
  expect(body.warnings).toEqual([])
  const page = await world.administration.access.page({ table: 'allowed' })
  expect(page).toMatchObject({ items: [{ key: 'sender@remote.test', result: 'OK' }] })
})

it('is nobody of whom it is not', async () => {
  const other = await world.pipeline.accept(letter, ['ann@one.test'], { held: 'spam' })
  const as = holder('bob@one.test')
  expect((await api.ask(`GET /quarantine/${other}`, undefined, { as })).status).toBe(404)
  expect((await api.ask(`POST /quarantine/${other}:release`, {}, { as })).status).toBe(404)
})

it('is forgotten when its time is over, and not before', async () => {
  const { quarantine } = world.administration
  expect(await quarantine.forget()).toBe(0)
  world.clock.advance(11 * 86_400_000)
  expect(await quarantine.forget()).toBe(1)
  expect((await list()).data).toEqual([])
})

describe('what was let go to some', () => {
  const letGo = async () => {
    const body = { recipients: ['ann@one.test'] }
    expect((await api.ask(`POST /quarantine/${held}:release`, body)).status).toBe(200)
  }

  it('is deleted for the others, and stays with those who have it', async () => {
    const before = [await inboxOf('ann@one.test'), await inboxOf('bob@one.test')]
    await letGo()
    await world.pipeline.settle()
    const { data } = await list()
    expect(data).toMatchObject([{ queueId: held, recipients: ['also.bob@one.test'] }])
    const rehearsed = await api.ask(`DELETE /quarantine/${held}?dryRun=true`)
    expect(rehearsed.status).toBe(200)
    expect((await list()).data).toHaveLength(1)
    expect((await api.ask(`DELETE /quarantine/${held}`)).status).toBe(204)
    expect((await list()).data).toEqual([])
    expect(await world.pipeline.backend.operator.show(held)).toBeUndefined()
    await world.pipeline.settle()
    expect([await inboxOf('ann@one.test'), await inboxOf('bob@one.test')]).toEqual([
      Number(before[0]) + 1,
      before[1],
    ])
  })

  it('is forgotten for the others in time', async () => {
    await letGo()
    await world.pipeline.settle()
    world.clock.advance(11 * 86_400_000)
    expect(await world.administration.quarantine.forget()).toBe(1)
    expect((await list()).data).toEqual([])
    expect(await world.pipeline.backend.operator.show(held)).toBeUndefined()
  })
})

it('does not hold what an account sent that is contained', async () => {
  const { containment, accounts } = world.administration
  await accounts.add({ address: 'eve@one.test', secret: hashOfA })
  const shown = await accounts.show('eve@one.test')
  const id = shown.kind === 'account' ? shown.account.id : ''
  const eve = origin({ id, login: 'eve@one.test', sessionsEpoch: 0 })
  const sent = await world.pipeline.accept(letter, ['ann@one.test'], { origin: eve })
  await containment.contain({ address: 'eve@one.test', reason: 'spam run' })
  const entry = await world.pipeline.backend.operator.show(sent)
  expect(entry?.message).toMatchObject({ state: 'held', reason: 'its account is frozen' })
  expect((await list()).data.map((one: { queueId: string }) => one.queueId)).toEqual([held])
})
