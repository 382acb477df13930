import { describe, expect, it } from 'vitest'
import { CREATED_MAX, stageCreated } from '#services/delivery/staging.ts'
import type { CreatedMessage, StageMessage } from '#shared/queue/created-message.ts'
import { outcomeHere } from '#shared/queue/local-actions.ts'
import { createdPuts } from '#shared/queue/writes.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { origin } from '#test/support/pipeline.ts'
import { aQueuedMessage } from '#test/support/queued-message.ts'

const message = aQueuedMessage()
const created: CreatedMessage = {
  envelope: message.envelope,
  origin: origin(null),
  prepend: '',
  deliveredTo: [],
  content: { kind: 'same' },
}
const stage: StageMessage = async () => aQueuedMessage()
const creating = (count: number) =>
  outcomeHere({
    actions: [
      { kind: 'delivered', folder: 'INBOX', reply: 'uid 1' },
      { kind: 'redirected', to: 'x@away.test' },
    ],
    creates: Array.from({ length: count }, () => created),
    usedReserved: false,
    contended: false,
    uncertain: false,
  })

describe('what deliveries create is stored', () => {
  const counts = async (...wanted: readonly number[]) =>
    (await stageCreated(stage, message, wanted.map(creating))).map(({ staged, result }) =>
      result.kind === 'delivered' ? staged.length : result.reply,
    )
  const later = 'many messages follow from this one'

  it.each([
    ['up to the limit', [CREATED_MAX - 1, 1], [CREATED_MAX - 1, 1]],
    ['not beyond it: those wait', [CREATED_MAX - 1, 2, 1], [CREATED_MAX - 1, later, 1]],
    [
      'all of the first, and who creates nothing',
      [CREATED_MAX + 1, 0, 1],
      [CREATED_MAX + 1, 0, later],
    ],
  ])('%s', async (_, wanted, expected) => {
    expect(await counts(...wanted)).toEqual(expected)
  })

  it('who waits comes again in seconds, and is told what is there', async () => {
    const [, second] = await stageCreated(stage, message, [creating(CREATED_MAX), creating(1)])
    expect(second).toMatchObject({
      contended: true,
      staged: [],
      told: [
        { kind: 'delivered', folder: 'INBOX' },
        { kind: 'deferred', reply: later },
      ],
    })
  })

  it('not more bytes than one transaction writes: another recipient waits, and one alone is on hold', async () => {
    const large: StageMessage = async () => aQueuedMessage({ index: new Uint8Array(280_000) })
    const bytes = await stageCreated(large, message, [1, 2, 1, 0].map(creating))
    expect(bytes.map(({ result, staged }) => [result.kind, staged.length])).toEqual([
      ['delivered', 1],
      ['delivered', 2],
      ['deferred', 0],
      ['delivered', 0],
    ])
    expect(createdPuts(bytes.flatMap(({ staged }) => staged))).toHaveLength(3)
    expect(await stageCreated(large, message, [creating(4)])).toMatchObject([
      { result: { kind: 'failed', status: '5.3.4' }, staged: [], contended: false },
    ])
  })

  it('nothing of a recipient who is not done with', async () => {
    const waiting = {
      ...creating(1),
      result: { kind: 'deferred', status: '4.2.2', reply: 'full' },
    } as const
    expect(await stageCreated(stage, message, [waiting])).toMatchObject([{ staged: [] }])
  })

  it('or the recipient waits', async () => {
    const failing: StageMessage = () => Promise.reject(new TemporaryFailure('no disk'))
    expect(await stageCreated(failing, message, [creating(1), creating(0)])).toMatchObject([
      {
        result: { kind: 'deferred', reply: 'storage failed: no disk' },
        contended: false,
        staged: [],
      },
      { result: { kind: 'delivered' }, staged: [] },
    ])
  })

  it('and a bug in what is made for one keeps no other waiting', async () => {
    let calls = 0
    const broken: StageMessage = async () => {
      if (calls++ === 0) throw new TypeError('a bug')
      return aQueuedMessage()
    }
    expect(await stageCreated(broken, message, [creating(1), creating(1)])).toMatchObject([
      { result: { kind: 'deferred', reply: 'TypeError: a bug' }, staged: [] },
      { result: { kind: 'delivered' }, staged: [{}] },
    ])
  })
})
