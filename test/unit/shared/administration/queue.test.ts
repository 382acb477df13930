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

  it('that were set aside as corrupt are released together', async () => {
    expect(await Array.fromAsync(queue().releaseCorrupt())).toEqual([])
    await world.pipeline.backend.queue.markCorrupt(incoming, 'workers died')
    expect(await stateOf(incoming)).toBe('corrupt')
    expect(await Array.fromAsync(queue().releaseCorrupt())).toEqual([incoming])
  })
})
