import { describe, expect, it } from 'vitest'
import { stateOf } from '#shared/administration/queue-facts.ts'
import { type FilterRequest, parseQueueFilter } from '#shared/administration/queue-filter.ts'
import { parseQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import type { Group, GroupState, QueueEntry } from '#shared/queue/records.ts'

const HOUR_MS = 3_600_000
const nowMs = 10 * HOUR_MS

function queueId(): QueueId {
  const found = parseQueueId('01M0TEXAMP1E000000')
  if (found === undefined) throw new Error('no queue id')
  return found
}

const recipient = (address: string, original = address) => ({
  address,
  original,
  notify: [],
  originalRecipient: null,
  accountId: null,
  extension: null,
})

function group(name: string, state: GroupState, recipients: Group['recipients']): Group {
  return {
    queueId: queueId(),
    name,
    state,
    destination: { kind: 'remote', slot: 'away.test' },
    recipients,
    attempts: 0,
    dueMs: null,
    leaseUntilMs: 0,
    unsettled: 0,
    split: null,
    unreserved: false,
  }
}

function entry(groups: readonly Group[], message: Partial<QueueEntry['message']> = {}): QueueEntry {
  return {
    message: {
      queueId: queueId(),
      state: groups.length === 0 ? 'incoming' : 'split',
      reason: null,
      filter: null,
      envelope: {
        sender: 'ann@here.test',
        recipients: [recipient('list@here.test')],
        body: '7BIT',
        smtpUtf8: false,
        requireTls: false,
        dsnReturn: null,
        dsnEnvelopeId: null,
      },
      origin: {
        remoteAddress: '192.0.2.1',
        remotePort: 1,
        tls: null,
        helo: 'x',
        listener: 'smtp',
        account: null,
      },
      object: { key: 'o', length: 1, storedFirst: true },
      prepend: '',
      index: new Uint8Array(),
      headerBytes: 0,
      deliveredTo: [],
      completes: false,
      has: [],
      junk: false,
      arrivedMs: nowMs - 2 * HOUR_MS,
      groups: groups.length,
      split: null,
      reserved: 0,
      used: 0,
      reached: null,
      expansions: 0,
      starts: 0,
      apart: [],
      ...message,
    },
    groups,
  }
}

const far = group('1', 'deferred', [recipient('far@away.test', 'list@here.test')])
const near = group('2', 'held', [recipient('near@other.test')])

describe('the state of a message', () => {
  it.each([
    [[], 'incoming'],
    [[far], 'deferred'],
    [[near], 'hold'],
    [[near, far], 'deferred'],
    [[near, far, group('3', 'waiting', [])], 'active'],
  ] as const)('is what its busiest group is: %#', (groups, expected) => {
    expect(stateOf(entry(groups))).toBe(expected)
  })

  it('is its own while it is set aside, whatever its groups are', () => {
    expect(stateOf(entry([far], { state: 'corrupt' }))).toBe('corrupt')
  })
})

describe('a filter of the queue', () => {
  const whole = entry([far, near])
  /** Names of the groups that are wanted; undefined where the message is not. */
  function wanted(request: FilterRequest, of = whole): readonly string[] | undefined {
    const filter = parseQueueFilter(request, nowMs)
    if (filter.kind !== 'ok') throw new Error(filter.field)
    return filter.value(of)?.groups.map(({ name }) => name)
  }

  it.each([
    [{}, ['1', '2']],
    [{ state: 'hold' }, ['2']],
    [{ state: 'active' }, undefined],
    [{ sender: 'ANN@here.test' }, ['1', '2']],
    [{ sender: '@here.test' }, ['1', '2']],
    [{ sender: '<>' }, undefined],
    [{ recipient: 'near@other.test' }, ['2']],
    [{ recipient: 'list@here.test' }, ['1']],
    [{ recipient: '@away.test', state: 'hold' }, undefined],
    [{ domain: 'away.test' }, ['1', '2']],
    [{ domain: 'here.test' }, ['1', '2']],
    [{ domain: 'way.test' }, undefined],
    [{ olderThan: '2h' }, ['1', '2']],
    [{ olderThan: '121m' }, undefined],
  ] as const)('%j', (options, expected) => {
    expect(wanted(options)).toEqual(expected)
  })

  it('looks at the envelope of a message that is not split yet', () => {
    const incoming = entry([])
    expect(wanted({ state: 'incoming', recipient: '@here.test' }, incoming)).toEqual([])
    expect(wanted({ state: 'hold' }, incoming)).toBeUndefined()
    expect(wanted({ recipient: 'far@away.test' }, incoming)).toBeUndefined()
    const bounce = entry([], { envelope: { ...incoming.message.envelope, sender: '' } })
    expect(wanted({ sender: '<>' }, bounce)).toEqual([])
  })
})
