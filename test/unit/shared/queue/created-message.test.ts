import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeIndex } from '#shared/mail/index-codec.ts'
import { type CreatedMessage, createStageMessage } from '#shared/queue/created-message.ts'
import { createPipeline, manualClock, origin } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

describe('a message that follows from another', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded
  beforeAll(async () => {
    opened = await openEmbedded({ clock })
  })
  afterAll(() => opened.close())

  const wanted = {
    envelope: {
      sender: '',
      recipients: [{ address: 'ann@example.test', notify: [], originalRecipient: null }],
      body: '7BIT',
      smtpUtf8: false,
      requireTls: false,
      dsnReturn: null,
      dsnEnvelopeId: null,
    },
    origin: origin(null),
    prepend: 'X-Why: because\r\n',
    deliveredTo: ['bob@example.test'],
  } as const

  async function staged(content: CreatedMessage['content']) {
    const pipeline = createPipeline(opened.store, clock)
    const queueId = await pipeline.accept('Subject: first\r\n\r\nbody\r\n', ['x@far.test'])
    const [parent] = await pipeline.backend.queue.load([queueId])
    if (parent === undefined) throw new Error('not queued')
    const stageMessage = createStageMessage({ objects: opened.store.objects, clock })
    return { parent, pipeline, message: await stageMessage(parent, { ...wanted, content }) }
  }

  it('has the bytes of the other, in an object of its own', async () => {
    const { parent, message } = await staged({ kind: 'same' })
    expect(message).toMatchObject({
      ...wanted,
      state: 'incoming',
      index: parent.index,
      headerBytes: parent.headerBytes,
      completes: false,
      object: { key: `mail/${message.queueId}`, length: parent.object.length, storedFirst: true },
    })
    expect(message.queueId).not.toBe(parent.queueId)
    const { objects } = opened.store
    expect(await objects.read(message.object.key)).toEqual(await objects.read(parent.object.key))
  })

  const text = 'Subject: reply\r\n\r\nI am away.\r\n'
  const bytes = Buffer.from(text)
  const inPieces = async function* () {
    yield bytes.subarray(0, 10)
    yield bytes.subarray(10)
  }

  it.each<CreatedMessage['content']>([
    { kind: 'bytes', bytes },
    { kind: 'stream', open: inPieces },
  ])('has bytes of its own ($kind), and what is found in them', async (content) => {
    const { message } = await staged(content)
    expect(await opened.store.objects.read(message.object.key)).toEqual(bytes)
    expect(message.object.length).toBe(text.length)
    expect(message.headerBytes).toBe('Subject: reply\r\n\r\n'.length)
    expect(decodeIndex(message.index).envelope.subject).toBe('reply')
  })

  it('is delivered like any other', async () => {
    const { message, pipeline } = await staged({
      kind: 'bytes',
      bytes: Buffer.from('Subject: reply\r\n\r\nI am away.\r\n'),
    })
    await pipeline.addAccount('ann@example.test')
    await pipeline.backend.queue.add(message)
    await opened.store.queues.incoming.send([message.queueId])
    await pipeline.settle()
    expect(await pipeline.inbox('ann@example.test')).toEqual([
      'Delivered-To: ann@example.test\r\nReturn-Path: <>\r\nX-Why: because\r\nSubject: reply\r\n\r\nI am away.\r\n',
    ])
  })

  it('is not made of an object that is gone', async () => {
    const { parent } = await staged({ kind: 'same' })
    await opened.store.objects.delete(parent.object.key)
    const stageMessage = createStageMessage({ objects: opened.store.objects, clock })
    await expect(stageMessage(parent, { ...wanted, content: { kind: 'same' } })).rejects.toThrow(
      'is gone',
    )
  })
})
