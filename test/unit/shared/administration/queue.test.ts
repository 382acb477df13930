import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FilterRequest } from '#shared/administration/queue-filter.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { type Administered, openAdministration } from '#test/support/administration.ts'

const gone = '01M0TEXAMP1E000000'
let world: Administered
let waiting: QueueId
let incoming: QueueId

beforeEach(async () => {
  world = await openAdministration(['relayhost=[relay.test]'])
  waiting = await world.pipeline.accept('Subject: x\r\n\r\nHello\r\n', ['far@away.test'])
  // No way to the relay host: deferred.
  await world.pipeline.settle()
  world.clock.advance(1_000)
  incoming = await world.pipeline.accept('Subject: y\r\n\r\nHello\r\n', ['near@here.test'])
})
afterEach(() => world[Symbol.asyncDispose]())

const queue = () => world.administration.queue

async function list(filter: FilterRequest = {}) {
  const listed = queue().list(filter)
  if (listed.kind !== 'queue') throw new Error(listed.kind)
  const messages = await Array.fromAsync(listed.messages)
  return { messages, looked: listed.looked() }
}

async function stateOf(queueId: string) {
  const shown = await queue().show(queueId)
  return shown.kind === 'message' ? shown.message.state : shown.kind
}

describe('the queue', () => {
  it('is listed oldest first, with all that is to be known', async () => {
    const { messages, looked } = await list()
    expect(looked).toBe(2)
    expect(messages).toEqual([
      {
        queueId: waiting,
        state: 'deferred',
        reason: null,
        isSplit: true,
        bytes: 21,
        arrivedMs: world.clock.now() - 1_000,
        sender: 'sender@remote.test',
        recipients: ['far@away.test'],
        origin: { helo: 'client.test', remoteAddress: '192.0.2.1', listener: 'smtp', login: null },
        groups: [
          {
            name: expect.any(String),
            state: 'deferred',
            destination: { kind: 'remote', nextHop: '[relay.test]' },
            recipients: [
              {
                address: 'far@away.test',
                original: 'far@away.test',
                last: expect.objectContaining({
                  kind: 'deferred',
                  reply: 'no way to [relay.test]',
                }),
              },
            ],
            isExpired: false,
            attempts: 1,
            lastReply: 'no way to [relay.test]',
            dueMs: expect.any(Number),
          },
        ],
      },
      expect.objectContaining({ queueId: incoming, state: 'incoming', isSplit: false, groups: [] }),
    ])
  })

  it('is looked through for what is wanted', async () => {
    const { messages, looked } = await list({ state: 'deferred', recipient: '@away.test' })
    expect(messages.map(({ queueId }) => queueId)).toEqual([waiting])
    expect(looked).toBe(2)
  })

  it.each([
    [{ state: 'held' }, { field: 'state', rule: { name: 'one-of' } }],
    [{ olderThan: '5' }, { field: 'olderThan', rule: { name: 'age' } }],
    [{ domain: '..' }, { field: 'domain', rule: { name: 'domain-name' } }],
  ])('is not looked through for %j', (filter, expected) => {
    expect(queue().list(filter)).toMatchObject({ kind: 'bad-value', ...expected })
  })

  it('shows a message, whatever the case of its id, and refuses others', async () => {
    expect(await queue().show(waiting.toLowerCase())).toMatchObject({
      kind: 'message',
      message: { queueId: waiting },
    })
    expect(await queue().show(gone)).toEqual({ kind: 'not-queued', field: 'queueId', value: gone })
    expect(await queue().show('1')).toMatchObject({ kind: 'bad-value', rule: { name: 'queue-id' } })
  })
})

describe('messages of the queue', () => {
  it('are held and released, and what is not there is named', async () => {
    const queueIds = [`${waiting},${gone}`, incoming]
    const refused = [{ kind: 'not-queued', field: 'queueId', value: gone }]
    const both = { kind: 'changed', done: [waiting, incoming], refused }
    expect(await queue().hold({ queueIds })).toEqual(both)
    expect([await stateOf(waiting), await stateOf(incoming)]).toEqual(['hold', 'hold'])
    // What is held already is as it should be.
    expect(await queue().hold({ queueIds })).toEqual(both)
    expect(await queue().release({ queueIds })).toEqual(both)
    expect(await stateOf(incoming)).toBe('incoming')
  })

  it('are not held while a worker has one of their groups: its attempt goes on', async () => {
    const backend = world.pipeline.backend.queue
    const [group] = await backend.loadGroups(waiting)
    if (group === undefined) throw new Error('no group')
    expect(await backend.take(waiting, group.name)).toBeDefined()
    expect(await queue().hold({ queueIds: [waiting] })).toMatchObject({
      done: [],
      refused: [{ kind: 'not-waiting', value: waiting }],
    })
    expect(await stateOf(waiting)).toBe('active')
  })

  it('are released for one recipient, if they wait for it', async () => {
    const queueIds = [waiting]
    expect(await queue().release({ queueIds, recipients: ['x@away.test'] })).toEqual({
      kind: 'changed',
      done: [],
      refused: [
        { kind: 'not-waiting', field: 'queueId', value: waiting, recipients: ['x@away.test'] },
      ],
    })
    expect(await queue().release({ queueIds, recipients: ['FAR@away.test'] })).toMatchObject({
      done: [waiting],
    })
  })

  it('are removed, and nobody is told', async () => {
    expect(await queue().remove({ queueIds: [waiting, incoming] })).toMatchObject({
      done: [waiting, incoming],
    })
    expect(await list()).toEqual({ messages: [], looked: 0 })
  })

  it('stay as they are where one of the ids is none', async () => {
    const queueIds = [waiting, 'nonsense']
    for (const act of ['hold', 'release', 'remove'] as const) {
      expect(await queue()[act]({ queueIds })).toMatchObject({
        kind: 'bad-value',
        field: 'queueId',
        value: 'nonsense',
      })
    }
    expect(await stateOf(waiting)).toBe('deferred')
  })

  it('are flushed, all or those for a next hop', async () => {
    expect(await queue().flush('elsewhere.test')).toEqual({ kind: 'flushed', messages: 0 })
    expect(await queue().flush('[relay.test]')).toEqual({ kind: 'flushed', messages: 1 })
    expect(await queue().flush()).toEqual({ kind: 'flushed', messages: 1 })
  })

  it('are flushed one by one, or by the domain of their recipients', async () => {
    expect(await queue().flush(incoming)).toEqual({ kind: 'flushed', messages: 0 })
    expect(await queue().flush(waiting.toLowerCase())).toEqual({ kind: 'flushed', messages: 1 })
    expect(await queue().flush('AWAY.test')).toEqual({ kind: 'flushed', messages: 1 })
  })

  it('are expired, but for one that cleanup is about to work on', async () => {
    expect(await queue().expire({ queueIds: [`${waiting},${incoming}`] })).toMatchObject({
      done: [waiting],
      refused: [{ kind: 'not-waiting', value: incoming }],
    })
    const shown = await queue().show(waiting)
    expect(shown).toMatchObject({
      message: {
        state: 'active',
        groups: [
          {
            isExpired: true,
            recipients: [
              {
                last: {
                  kind: 'failed',
                  status: '5.4.7',
                  reply: 'administratively expired: no way to [relay.test]',
                },
              },
            ],
          },
        ],
      },
    })
  })
})

describe('all that is like something', () => {
  const changeAll = async (
    verb: Parameters<ReturnType<typeof queue>['changeAll']>[0],
    filter: FilterRequest,
    after?: string,
  ) => {
    const changing = queue().changeAll(verb, filter, { after })
    if (changing.kind !== 'changing') throw new Error(changing.kind)
    return Array.fromAsync(changing.outcomes)
  }

  it('is changed message by message, the others are left', async () => {
    const ids = [waiting]
    for (let i = 0; i < 40; i++) {
      world.clock.advance(1)
      ids.push(await world.pipeline.accept('Subject: z\r\n\r\n', ['far@away.test']))
    }
    await world.pipeline.settle()
    const held = await changeAll('hold', { destination: 'away.test' })
    expect(held).toEqual(ids.map((queueId) => ({ queueId, isDone: true })))
    expect(await stateOf(ids[40] ?? '')).toBe('hold')
    expect(await changeAll('hold', { state: 'deferred' })).toEqual([
      { queueId: incoming, isDone: true },
    ])
    // What is done already is left as it is.
    expect((await changeAll('hold', {})).filter(({ isDone }) => isDone)).toEqual([])
    const second = await changeAll('delete', {}, ids[38])
    expect(second).toEqual(ids.slice(39).map((queueId) => ({ queueId, isDone: true })))
    expect((await list()).looked).toBe(40)
  })

  it('is found by age, reason and destination', async () => {
    const ids = async (filter: FilterRequest) =>
      (await list(filter)).messages.map(({ queueId }) => queueId)
    expect(await ids({ reason: 'NO WAY to' })).toEqual([waiting])
    expect(await ids({ reason: 'refused' })).toEqual([])
    expect(await ids({ destination: '[relay.test]' })).toEqual([waiting])
    expect(await ids({ destination: 'here.test' })).toEqual([incoming])
    expect(await ids({ destination: 'local' })).toEqual([])
    world.clock.advance(10_000)
    expect(await ids({ newerThan: '11s' })).toEqual([waiting, incoming])
    expect(await ids({ newerThan: '10s' })).toEqual([incoming])
    expect(await ids({ newerThan: '9s' })).toEqual([])
    expect(queue().list({ newerThan: 'soon' })).toMatchObject({
      kind: 'bad-value',
      field: 'newerThan',
    })
  })
})

describe('the queue in numbers', () => {
  it('says where mail waits most, for how long and why', async () => {
    world.clock.advance(7 * 60_000)
    const top = await queue().top({}, { by: 'destination', limit: 1 })
    expect(top).toMatchObject({
      total: { name: 'TOTAL', recipients: 2, ages: [0, 2, 0, 0, 0, 0, 0, 0, 0, 0] },
      rows: [{ name: '[relay.test]', recipients: 1, reason: 'no way to [relay.test]' }],
      more: 1,
    })
    const names = async (by: 'domain' | 'sender' | 'reason') => {
      const found = await queue().top({}, { by, limit: 9 })
      return found.kind === 'top' ? found.rows.map(({ name }) => name) : found.kind
    }
    expect(await names('domain')).toEqual(['away.test', 'here.test'])
    expect(await names('sender')).toEqual(['sender@remote.test'])
    expect(await names('reason')).toEqual(['no way to [relay.test]', '(not tried yet)'])
  })

  it('says what is in each state', async () => {
    expect(await queue().stats({})).toEqual({
      kind: 'stats',
      states: [
        {
          state: 'deferred',
          messages: 1,
          recipients: 1,
          bytes: 21,
          oldestMs: world.clock.now() - 1_000,
          nextMs: expect.any(Number),
        },
        {
          state: 'incoming',
          messages: 1,
          recipients: 1,
          bytes: 21,
          oldestMs: world.clock.now(),
          nextMs: null,
        },
      ],
    })
  })
})

describe('the content of a message', () => {
  async function contentOf(queueId: string) {
    const content = await queue().content(queueId)
    if (content.kind !== 'content') return content.kind
    const text = async (part: AsyncIterable<Uint8Array>) =>
      Buffer.concat(await Array.fromAsync(part)).toString('latin1')
    return [await text(content.header()), await text(content.body())]
  }

  it.each([
    ['Subject: x\r\n\r\nHello\r\n', 'Subject: x\r\n', '\r\nHello\r\n'],
    ['Subject: x\r\n', 'Subject: x\r\n', ''],
    ['\r\nHello\r\n', '', '\r\nHello\r\n'],
    ['Subject: x\r\n\r\n', 'Subject: x\r\n', '\r\n'],
  ])('has what was added, its header and its body: %j', async (message, header, body) => {
    const queueId = await world.pipeline.accept(message, ['far@away.test'])
    expect(await contentOf(queueId)).toEqual([`Received: by mx.example.test\r\n${header}`, body])
  })

  it("is nobody's when the message is gone", async () => {
    expect(await contentOf(gone)).toBe('not-queued')
  })
})
