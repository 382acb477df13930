import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StreamObserver } from '#shared/contracts/spool.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { ObjectStore, Store } from '#shared/storage/ports.ts'
import { createPipeline, manualClock, origin, type Pipeline } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const clock = manualClock()
let opened: OpenedEmbedded
let pipeline: Pipeline

beforeEach(async () => {
  opened = await openEmbedded({ clock })
  pipeline = createPipeline(opened.store, clock)
  await pipeline.addAccount('ann@example.test')
})
afterEach(() => opened.close())

async function* source(...pieces: readonly string[]) {
  for (const piece of pieces) yield Buffer.from(piece, 'latin1')
}

function recorder(): StreamObserver & { readonly seen: string[] } {
  const seen: string[] = []
  return {
    seen,
    push: (stored) => seen.push(Buffer.from(stored).toString('latin1')),
    finish: () => seen.push('<end>'),
  }
}

describe('Authentication-Results in our name', () => {
  const results = 'Authentication-Results: MX.example.test; dmarc=pass\r\n'
  const other = 'Authentication-Results: mx.other.test; dmarc=pass\r\n'

  beforeEach(() => {
    const set = ['mynetworks=198.51.100.0/24', 'trustedAuthservNetworks=203.0.113.1']
    pipeline = createPipeline(opened.store, clock, { set })
  })

  async function stored(from: Parameters<typeof pipeline.spool.receive>[3]): Promise<string> {
    const { spool } = pipeline
    const observer = recorder()
    const came = source(results, `Subject: x\r\n${other}${results}`, '\r\nbody\r\n')
    await spool.discard(await spool.receive(spool.newQueueId(), came, [observer], from))
    return observer.seen.slice(0, -1).join('')
  }

  it('are left out of what a stranger sends (RFC 8601 §5)', async () => {
    expect(await stored(origin(null))).toBe(`Subject: x\r\n${other}\r\nbody\r\n`)
  })

  it.each<[who: string, from: Parameters<typeof pipeline.spool.receive>[3]]>([
    ['a login', origin({ id: 'a', login: 'ann@example.test' })],
    ['our networks', { ...origin(null), remoteAddress: '198.51.100.1' }],
    ['a peer that is trusted', { ...origin(null), remoteAddress: '203.0.113.1' }],
    ['our filters', { ...origin(null), listener: 'lmtp' }],
    ['ourselves', undefined],
  ])('stay in what %s sends', async (_, from) => {
    expect(await stored(from)).toBe(`${results}Subject: x\r\n${other}${results}\r\nbody\r\n`)
  })
})

describe('observers of the stream', () => {
  it('see what is stored, not what came, and its end before receive resolves', async () => {
    const { spool } = pipeline
    const [first, second] = [recorder(), recorder()]
    const queueId = spool.newQueueId()
    const came = source('From mbox\r\nSubject : x\r\n', '\r\nbo', 'dy\r\n')
    const spooled = await spool.receive(queueId, came, [first, second])
    expect(first.seen.at(-1)).toBe('<end>')
    expect(second.seen).toEqual(first.seen)
    await spool.accept({
      spooled,
      envelope: { ...envelope, recipients: [to('ann@example.test')] },
      origin: origin(null),
      prepend: '',
      arrivedMs: clock.now(),
    })
    const [stored] = await pipeline.backend.queue.load([queueId])
    const bytes = await opened.store.objects.read(stored?.object.key ?? '')
    expect(first.seen.slice(0, -1).join('')).toBe(Buffer.from(bytes ?? []).toString('latin1'))
    expect(Buffer.from(bytes ?? []).toString('latin1')).toMatch(/^X-Mailbox-Line: .*\r\nSubject: x/)
  })

  it('hear of no end where the source fails', async () => {
    const observer = recorder()
    const { spool } = pipeline
    async function* broken() {
      yield Buffer.from('Subject: x\r\n\r\nbody\r\n')
      throw new Error('client gone')
    }
    const receiving = spool.receive(spool.newQueueId(), broken(), [observer])
    await expect(receiving).rejects.toThrow('client gone')
    expect(observer.seen).not.toContain('<end>')
  })

  it.each(['push', 'finish'] as const)('leave nothing behind where one fails at %s', async (at) => {
    const failing = { ...recorder(), [at]: () => unreadable() }
    const { spool } = pipeline
    const large = source('Subject: x\r\n\r\n', 'x'.repeat(2_000_000))
    const receiving = spool.receive(spool.newQueueId(), large, [failing])
    await expect(receiving).rejects.toThrow('unreadable')
    const entries = await readdir(join(opened.directory, 'objects'), {
      recursive: true,
      withFileTypes: true,
    })
    expect(entries.filter((entry) => entry.isFile())).toEqual([])
  })
})

function unreadable(): never {
  throw new Error('unreadable')
}

const to = (address: string) => ({ address, notify: [], originalRecipient: null })
const envelope = {
  sender: 's@remote.test',
  body: '7BIT',
  smtpUtf8: false,
  requireTls: false,
  dsnReturn: null,
  dsnEnvelopeId: null,
} as const

describe('a message accepted on hold', () => {
  const held = 'suspicious'
  const accept = () => pipeline.accept('Subject: x\r\n\r\nbody\r\n', ['ann@example.test'], { held })

  it('rings no doorbell and is not due: nothing delivers it', async () => {
    await accept()
    const bells = { max: 10, visibilitySeconds: 1, waitSeconds: 0 }
    expect(await opened.store.queues.incoming.receive(bells)).toEqual([])
    clock.advance(7 * 86_400_000)
    await pipeline.workers.sweeper.ringDue()
    await pipeline.settle()
    expect(await pipeline.inbox('ann@example.test')).toEqual([])
  })

  it('is listed and counted for operators, with its reason', async () => {
    const queueId = await accept()
    const { operator } = pipeline.backend
    expect(await operator.count()).toEqual({ incoming: 0, waiting: 0, held: 1 })
    const [entry] = await Array.fromAsync(operator.list())
    expect(entry).toMatchObject({ message: { queueId, state: 'held', reason: held }, groups: [] })
  })

  it('is delivered when it is released', async () => {
    const queueId = await accept()
    expect(await pipeline.backend.operator.release(queueId)).toBe(true)
    await pipeline.settle()
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
    expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
  })

  it('can be removed by an operator', async () => {
    const queueId = await accept()
    expect(await pipeline.backend.operator.remove(queueId)).toBe(true)
    expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
  })

  it('is not in the queue where its bytes could not be stored: its sender comes again', async () => {
    pipeline = createPipeline(withoutCommit(opened.store), clock)
    await expect(accept()).rejects.toThrow(TemporaryFailure)
    expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
  })
})

describe('a message that is rewritten', () => {
  const large = `Subject: x\r\nX-Spam: no\r\n\r\n${'y'.repeat(200_000)}\r\n`

  it.each([
    ['in memory', 'Subject: x\r\nX-Spam: no\r\n\r\nbody\r\n'],
    ['in a file', large],
  ])('has what stands in it now in its index, under its queue id (%s)', async (_, text) => {
    const { spool } = pipeline
    const queueId = spool.newQueueId()
    const spooled = await spool.receive(queueId, source(text))
    const rewritten = await spool.rewrite(spooled, {
      edits: [
        { kind: 'insert', before: 0, field: 'Message-ID: <a@b.test>\r\n' },
        { kind: 'remove', name: 'x-spam', occurrence: 1 },
      ],
    })
    const expected = text.replace('X-Spam: no\r\n', '')
    expect(rewritten.index.bytes).toBe(expected.length + 24)
    expect(await textOf(spool.open(rewritten))).toBe(`Message-ID: <a@b.test>\r\n${expected}`)
    const messageId = await spool.accept({
      spooled: rewritten,
      envelope: { ...envelope, recipients: [to('ann@example.test')] },
      origin: origin(null),
      prepend: '',
      arrivedMs: clock.now(),
    })
    expect(messageId).toBe('<a@b.test>')
    // Its doorbell has arrived after this write.
    await opened.store.tables.counters.write({ put: { pk: 'barrier', sk: queueId } })
    await pipeline.settle()
    const [delivered] = await pipeline.inbox('ann@example.test')
    expect(delivered).toMatch(/Message-ID: <a@b.test>\r\nSubject: x\r\n\r\n/)
    expect(await objectFiles()).toHaveLength(text === large ? 1 : 0)
  })

  it('may get another body, which is kept until it has it', async () => {
    const { spool } = pipeline
    const spooled = await spool.receive(spool.newQueueId(), source(large))
    const stash = await spool.stash(source('z'.repeat(150_000), '\r\n'))
    const rewritten = await spool.rewrite(spooled, { edits: [], body: stash })
    await stash.discard()
    const text = await textOf(spool.open(rewritten))
    expect(text).toBe(`Subject: x\r\nX-Spam: no\r\n\r\n${'z'.repeat(150_000)}\r\n`)
    await spool.discard(rewritten)
    expect(await objectFiles()).toEqual([])
  })

  it('is as before where that fails', async () => {
    const { spool } = pipeline
    const spooled = await spool.receive(spool.newQueueId(), source(large))
    const body = {
      bytes: 1,
      // biome-ignore lint/correctness/useYield: it breaks before its first byte
      async *open() {
        throw new TemporaryFailure('broken')
      },
    }
    await expect(spool.rewrite(spooled, { edits: [], body })).rejects.toThrow('broken')
    expect(await textOf(spool.open(spooled))).toBe(large)
    await spool.discard(spooled)
    expect(await objectFiles()).toEqual([])
  })
})

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(bytes)).toString('latin1')
}

async function objectFiles() {
  const folder = join(opened.directory, 'objects')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile())
}

/** Whose objects come to nothing at the last moment. */
function withoutCommit(store: Store): Store {
  const stage: ObjectStore['stage'] = async (key, bytes) => {
    const staged = await store.objects.stage(key, bytes)
    return {
      bytes: staged.bytes,
      stored: staged.stored,
      open: () => staged.open(),
      discard: () => staged.discard(),
      async commit() {
        await staged.discard()
        throw new TemporaryFailure('the disk is full')
      },
    }
  }
  return { ...store, objects: Object.assign(Object.create(store.objects), { stage }) }
}
