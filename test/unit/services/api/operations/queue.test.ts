// The queue and the trace over HTTP: what help desk and operator do with mail that does not come or go (who sees what of it, too).

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Actor } from '#shared/administration/rights/actor.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'
import { openApi, owner, type TestApi } from '#test/support/api.ts'
import { origin } from '#test/support/pipeline.ts'

let world: Administered
let api: TestApi
let ids: { [name: string]: string }
const queued: { [name: string]: QueueId } = {}

const domainsOf = (...names: string[]) => names.flatMap((name) => parseDomain(name) ?? [])
const admin = (domain: string): Actor => ({
  ...owner,
  role: 'domain-admin',
  domains: domainsOf(domain),
})
const holder = (name: string): Actor => ({
  ...owner,
  role: 'holder',
  accountId: ids[name] as AccountId,
})

beforeAll(async () => {
  world = await openAdministration(['relayhost=[relay.test]'])
  api = openApi(world.pipeline.backend)
  const { domains, accounts } = world.administration
  for (const domain of ['one.test', 'two.test']) await domains.add({ domain })
  ids = {}
  for (const address of ['ann@one.test', 'bob@two.test']) {
    await accounts.add({ address, secret: hashOfA })
    const shown = await accounts.show(address)
    if (shown.kind === 'account') ids[address.split('@', 1)[0] ?? ''] = shown.account.id
  }
  const login = { id: ids.ann ?? '', login: 'ann@one.test' }
  const letter = 'Subject: x\r\n\r\nHello\r\n'
  // To the relay host, which is not there: deferred.
  queued.byAnn = await world.pipeline.accept(letter, ['far@away.test', 'near@else.test'], {
    origin: origin(login),
  })
  world.clock.advance(1_000)
  queued.byStranger = await world.pipeline.accept(letter, ['more@away.test'])
  await world.pipeline.settle()
  world.clock.advance(60_000)
  const toBoth = await world.pipeline.accept(letter, ['ann@one.test', 'bob@two.test'])
  await world.administration.queue.hold({ queueIds: [toBoth] })
  queued.toBoth = toBoth
})
afterAll(() => world[Symbol.asyncDispose]())

const idsIn = (body: { data: { queueId: string }[] }) => body.data.map(({ queueId }) => queueId)

describe('the queue', () => {
  it('is listed oldest first, a page at a time, and says how much was looked at', async () => {
    const first = await api.ask('GET /queue?limit=2')
    expect(first.status).toBe(200)
    expect(first.body).toMatchObject({ looked: 2, total: 3 })
    expect(idsIn(first.body)).toEqual([queued.byAnn, queued.byStranger])
    const rest = await api.ask(`GET /queue?limit=2&cursor=${first.body.next}`)
    expect(idsIn(rest.body)).toEqual([queued.toBoth])
    expect(rest.body.next).toBeNull()
    // A cursor holds for the list that it is of.
    const other = await api.ask(`GET /queue?limit=2&state=deferred&cursor=${first.body.next}`)
    expect(other.status).toBe(400)
  })

  it('is listed youngest first where that is asked for, a page at a time', async () => {
    const first = await api.ask('GET /queue?limit=2&order=desc')
    expect(idsIn(first.body)).toEqual([queued.toBoth, queued.byStranger])
    const rest = await api.ask(`GET /queue?limit=2&order=desc&cursor=${first.body.next}`)
    expect(idsIn(rest.body)).toEqual([queued.byAnn])
    expect(rest.body.next).toBeNull()
    expect((await api.ask(`GET /queue?limit=2&cursor=${first.body.next}`)).status).toBe(400)
  })

  it('is grouped by like reasons, and what is in a group is found by its name', async () => {
    const { body } = await api.ask('GET /queue:groups?by=reason&state=deferred')
    expect(body.total).toMatchObject({ messages: 2, recipients: 3 })
    const [group] = body.data
    expect(group).toMatchObject({ messages: 2, recipients: 3, nextAt: expect.any(String) })
    const found = await api.ask(`GET /queue?reasonGroup=${encodeURIComponent(group.name)}`)
    expect(idsIn(found.body)).toEqual([queued.byAnn, queued.byStranger])
  })

  it.each([
    ['an owner', () => owner, ['byAnn', 'byStranger', 'toBoth']],
    ['who has the sender', () => admin('one.test'), ['byAnn', 'toBoth']],
    ['who has a recipient', () => admin('two.test'), ['toBoth']],
    ['who has nobody of it', () => admin('three.test'), []],
  ])('shows %s what is his', async (_, as, names) => {
    const { body } = await api.ask('GET /queue', undefined, { as: as() })
    expect(idsIn(body)).toEqual(names.map((name) => queued[name]))
  })

  it('tells nobody of recipients of others', async () => {
    const { body } = await api.ask(`GET /queue/${queued.toBoth}`, undefined, {
      as: admin('two.test'),
    })
    expect(body.recipients).toEqual(['bob@two.test'])
  })

  it.each([
    ['recipient=ann@one.test', []],
    ['recipient=bob@two.test', ['toBoth']],
    ['domain=one.test', []],
    ['destination=one.test', []],
    ['destination=two.test', ['toBoth']],
  ])('finds by %s what is told alone', async (query, names) => {
    const as = admin('two.test')
    const { body } = await api.ask(`GET /queue?${query}`, undefined, { as })
    expect(idsIn(body)).toEqual(names.map((name) => queued[name]))
    const stats = await api.ask(`GET /queue:groups?by=domain&${query}`, undefined, { as })
    expect(stats.body.total.messages).toBe(names.length)
    const all = await api.ask(`GET /queue?${query}`)
    expect(idsIn(all.body)).toContain(queued.toBoth)
  })

  it('lets nobody act on what others have sent, and does not say that it is there', async () => {
    const hold = (as: Actor, name: string) =>
      api.ask(`POST /queue/${queued[name]}:hold`, {}, { as })
    // He sees it, and it is not his to hold.
    expect((await hold(admin('two.test'), 'toBoth')).status).toBe(403)
    expect((await hold(admin('two.test'), 'byAnn')).status).toBe(404)
    expect((await hold(admin('one.test'), 'byAnn')).status).toBe(200)
    const { body } = await api.ask(`GET /queue/${queued.byAnn}`)
    expect(body.state).toBe('hold')
    expect((await api.ask(`POST /queue/${queued.byAnn}:release`, {})).status).toBe(200)
  })

  it('says which message cannot be done what with', async () => {
    const { status, body } = await api.ask('POST /queue/01M0TEXAMP1E000000:hold', {})
    expect({ status, code: body.code }).toEqual({ status: 404, code: 'not-queued' })
  })

  it('keeps what was written from whoever runs the system, unless a setting lets him read it', async () => {
    const as = { ...owner, accountId: ids.ann as AccountId }
    const { status, body } = await api.ask(`GET /queue/${queued.byAnn}/content`, undefined, { as })
    expect({ status, code: body.code }).toEqual({ status: 403, code: 'switched-off' })
    const local = await api.ask(`GET /queue/${queued.byAnn}/content`)
    expect(local.body).toContain('Hello')
  })

  it('is emptied message by message', async () => {
    expect((await api.ask(`DELETE /queue/${queued.byStranger}`)).status).toBe(204)
    expect((await api.ask(`GET /queue/${queued.byStranger}`)).status).toBe(404)
  })
})

describe('the trace', () => {
  it('tells what became of a message, in order', async () => {
    const { body } = await api.ask(`GET /trace/${queued.byStranger}`)
    expect(body.message).toMatchObject({ state: 'ended', how: 'deleted' })
    expect(body.timeline.map(({ kind }: { kind: string }) => kind)).toEqual([
      'accepted',
      'attempt',
      'attempt',
      'ended',
    ])
  })

  it.each([
    ['of what it sent', () => holder('ann'), 'far@away.test', ['byAnn']],
    ['of what it got', () => holder('bob'), 'bob@two.test', ['toBoth']],
    [
      'of nobody else, whose mail it is that came to it too',
      () => holder('bob'),
      'ann@one.test',
      [],
    ],
    ['of what is not its own', () => holder('bob'), 'far@away.test', []],
  ])('tells an account %s', async (_, as, what, names) => {
    const { status, body } = await api.ask(`GET /trace?what=${what}`, undefined, { as: as() })
    expect(status).toBe(200)
    const found = body.messages.map(({ queueId }: { queueId: string }) => queueId)
    expect(found).toEqual(names.map((name) => queued[name]))
  })

  it('names to a recipient himself alone', async () => {
    const { body } = await api.ask(`GET /trace/${queued.toBoth}`, undefined, { as: holder('bob') })
    expect(body.message.recipients).toEqual(['bob@two.test'])
  })

  it('is not there for whom it is not meant', async () => {
    const { status } = await api.ask(`GET /trace/${queued.byAnn}`, undefined, { as: holder('bob') })
    expect(status).toBe(404)
  })
})
