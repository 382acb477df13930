// Mail that cannot be delivered comes back to its sender: the whole way, from an attempt to what stands in a mailbox here.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import type { AnswerRemote } from '#test/support/remote-delivery.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const ann = 'ann@example.test'
const text =
  'From: ann@example.test\r\nMessage-ID: <m1@example.test>\r\nSubject: hello\r\n\r\nbody\r\n'
const unknown: DeliveryResult = {
  kind: 'failed',
  status: '5.1.1',
  reply: 'host mx.away.test[192.0.2.9]:25 said: 550 5.1.1 No such user (in reply to RCPT TO)',
}

describe('notices', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded

  beforeEach(async () => {
    opened = await openEmbedded({ clock })
  })
  afterEach(() => opened.close())

  async function pipelineWith(deliverRemote: AnswerRemote, set: readonly string[] = []) {
    const log = new MemoryLog()
    const pipeline = createPipeline(opened.store, clock, {
      deliverRemote,
      set,
      log,
      tellsSenders: true,
    })
    await pipeline.addAccount(ann)
    return { ...pipeline, log }
  }

  it('tells the sender what failed, and the queue is empty', async () => {
    const { accept, settle, inbox, log, backend } = await pipelineWith(async () => [unknown])
    const queueId = await accept(text, ['bob@away.test'], { envelope: { sender: ann } })
    await settle()
    expect(await backend.operator.show(queueId)).toBeUndefined()
    const [notice = '', ...more] = await inbox(ann)
    expect(more).toEqual([])
    expect(log.find('sender non-delivery notification')).toMatchObject({ queueId, to: ann })
  })
})
