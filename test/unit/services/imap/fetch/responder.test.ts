import { describe, expect, it, vi } from 'vitest'
import {
  BATCH_BLOB_BYTES,
  LAZY_PREVIEWS_MAX,
  nextBatchMessages,
} from '#services/imap/fetch/responder.ts'
import { createMemory, FETCH_MEMORY_WAIT_MS, type Memory } from '#services/imap/memory.ts'
import { FETCH_ATTS_MAX } from '#shared/imap/fetch-att.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { ObjectStore, Store } from '#shared/storage/ports.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { type ImapServer, startImapServer } from '#test/support/imap-server.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const message = (body: string) => `Subject: s\r\n\r\n${body}`

/** INBOX selected on a server with these messages. */
async function selected(server: ImapServer, ...bodies: readonly string[]) {
  const inbox = await server.mailbox.inbox(server.accountId('ann@example.test'))
  for (const body of bodies) await server.seed(inbox, message(body))
  const client = await ImapClient.login(server.port)
  await client.ok('SELECT INBOX')
  return { client, inbox }
}

async function stopped(server: ImapServer, run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } finally {
    await server.stop()
  }
}

describe('FETCH of bodies', () => {
  it('sends small and large ones whole and in order, however many', async () => {
    const server = await startImapServer()
    await stopped(server, async () => {
      const bodies = Array.from({ length: 130 }, (_, i) =>
        i % 40 === 7 ? `large ${i} `.repeat(40_000) : `small ${i}`,
      )
      const { client } = await selected(server, ...bodies)
      const { untagged } = await client.ok('FETCH 1:* (UID BODY.PEEK[TEXT] RFC822.SIZE)')
      const expected = bodies.map(
        (body, i) =>
          `${i + 1} FETCH (UID ${i + 1} BODY[TEXT] {${body.length}}\r\n${body} RFC822.SIZE ${message(body).length})`,
      )
      expect(untagged).toEqual(expected)
    })
  })

  it('marks all of them as seen in the same responses', async () => {
    const server = await startImapServer()
    await stopped(server, async () => {
      const { client, inbox } = await selected(server, ...Array<string>(150).fill('b'))
      const { untagged } = await client.ok('UID FETCH 1:* BODY[TEXT]')
      expect(untagged).toHaveLength(150)
      expect(untagged[149]).toBe('150 FETCH (FLAGS (\\Seen) UID 150 BODY[TEXT] {1}\r\nb)')
      const [folder] = await server.mailbox.folders.list(inbox.accountId)
      expect(folder?.unseen).toBe(0)
    })
  })

  it('leaves out what is lost, answers the rest and says so', async () => {
    const server = await startImapServer()
    await stopped(server, async () => {
      const { client, inbox } = await selected(server, 'one', 'two', 'three')
      const { messages } = await server.mailbox.snapshot(inbox)
      await server.store.objects.delete(`mail/${messages[1]?.blobId}`)
      const answer = await client.command('FETCH 1:3 BODY.PEEK[TEXT]')
      expect(answer.untagged).toEqual([
        '1 FETCH (BODY[TEXT] {3}\r\none)',
        '3 FETCH (BODY[TEXT] {5}\r\nthree)',
      ])
      expect(answer).toMatchObject({ status: 'NO', text: expect.stringContaining('[SERVERBUG]') })
      expect((await client.ok('FETCH 2 ENVELOPE')).untagged).toHaveLength(1)
    })
  })

  it('ends the connection when a literal cannot be sent to its end', async () => {
    await using folder = await temporaryFolder()
    await using embedded = await openEmbeddedStore({ directory: folder.path })
    const store: Store = { ...embedded, objects: cutting(embedded.objects, 70_000) }
    const server = await startImapServer({ store })
    await stopped(server, async () => {
      const { client } = await selected(server, 'x'.repeat(100_000))
      await expect(client.command('FETCH 1 BODY.PEEK[]')).rejects.toThrow('closed the connection')
    })
  })
})

describe('PREVIEW (LAZY)', () => {
  it('takes the time for so many messages of a command', async () => {
    const server = await startImapServer()
    await stopped(server, async () => {
      const { client } = await selected(server, ...Array<string>(LAZY_PREVIEWS_MAX + 1).fill('b'))
      const { untagged } = await client.ok('FETCH 1:* (PREVIEW (LAZY))')
      expect(untagged.at(-2)).toMatch(/PREVIEW "b"/)
      expect(untagged.at(-1)).toMatch(/PREVIEW NIL/)
      const all = await client.ok('FETCH 1:* PREVIEW')
      expect(all.untagged.at(-1)).toMatch(/PREVIEW "b"/)
    })
  })
})

/** Streams of these objects end too early, without an error. */
function cutting(objects: ObjectStore, afterBytes: number): ObjectStore {
  return {
    put: (...given) => objects.put(...given),
    stage: (...given) => objects.stage(...given),
    read: (...given) => objects.read(...given),
    size: (key) => objects.size(key),
    delete: (key) => objects.delete(key),
    list: (...given) => objects.list(...given),
    async stream(key, range) {
      const stream = await objects.stream(key, range)
      return stream && cutOff(stream, afterBytes)
    },
  }
}

async function* cutOff(stream: AsyncIterable<Uint8Array>, afterBytes: number) {
  let left = afterBytes
  for await (const piece of stream) {
    yield piece.subarray(0, left)
    left -= piece.length
    if (left <= 0) return
  }
}

describe('FETCH of more than is held', () => {
  const long = `${Array.from({ length: 7_000 }, (_, i) => `X-${i}: ${i}\r\n`).join('')}\r\n`
  const items = (count: number) =>
    Array.from({ length: count }, (_, i) => `BODY.PEEK[HEADER.FIELDS.NOT (X-${i})]`).join(' ')

  /** A message with a long header between two short ones. */
  async function started(memory: Memory, clock?: Clock) {
    const server = await startImapServer({ memory, ...(clock && { clock }) })
    const inbox = await server.mailbox.inbox(server.accountId('ann@example.test'))
    for (const text of ['X-0: one\r\n\r\n', long, 'X-0: three\r\n\r\n']) {
      await server.seed(inbox, text)
    }
    const client = await ImapClient.login(server.port)
    await client.ok('SELECT INBOX')
    return { server, client }
  }

  it('sends one content after the other', async () => {
    const memory = createMemory()
    const { server, client } = await started(memory)
    await stopped(server, async () => {
      const { untagged } = await client.ok(`FETCH 1:* (UID ${items(8)} FLAGS)`)
      expect(untagged).toHaveLength(3)
      const subset = (i: number) => long.replace(`X-${i}: ${i}\r\n`, '')
      const expected = Array.from(
        { length: 8 },
        (_, i) => `BODY[HEADER.FIELDS.NOT (X-${i})] {${subset(i).length}}\r\n${subset(i)}`,
      )
      expect(untagged[1] === `2 FETCH (UID 2 ${expected.join(' ')} FLAGS ())`).toBe(true)
      expect(memory.contents.taken).toBe(0)
    })
  })

  it('waits for memory that others hold, whatever it needs of it', async () => {
    const memory = { ...createMemory(), contents: new ByteBudget(100_000) }
    memory.contents.tryTake(1)
    const { server, client } = await started(memory)
    await stopped(server, async () => {
      const fetching = client.ok(`FETCH 1:* ${items(1)}`)
      await vi.waitFor(() => expect(memory.contents.tryTake(0)).toBe(false))
      memory.contents.give(1)
      expect((await fetching).untagged).toHaveLength(3)
      expect(memory.contents.taken).toBe(0)
    })
  })

  it('leaves out what there is no memory for, answers the rest and says so', async () => {
    const memory = { ...createMemory(), contents: new ByteBudget(100_000) }
    memory.contents.tryTake(100_000)
    const clock = new ManualClock()
    const { server, client } = await started(memory, clock)
    await stopped(server, async () => {
      const fetching = client.command(`FETCH 1:* ${items(1)}`)
      await vi.waitFor(() => expect(memory.contents.tryTake(0)).toBe(false))
      await clock.advance(FETCH_MEMORY_WAIT_MS)
      const answer = await fetching
      expect(answer.untagged.map((line) => line.slice(0, 8))).toEqual(['1 FETCH ', '3 FETCH '])
      expect(answer).toMatchObject({ status: 'NO', text: expect.stringMatching(/^\[LIMIT\]/) })
    })
  })

  it('takes so many items and not one more', async () => {
    const { server, client } = await started(createMemory())
    await stopped(server, async () => {
      expect((await client.command(`FETCH 1 (${items(FETCH_ATTS_MAX)})`)).status).toBe('OK')
      expect(await client.command(`FETCH 1 (${items(FETCH_ATTS_MAX + 1)})`)).toMatchObject({
        status: 'BAD',
        text: 'too many items',
      })
    })
  })
})

describe('FETCH of what the index of a message tells', () => {
  const blobs = (count: number, bytes: number) =>
    Array.from({ length: count }, () => ({ index: new Uint8Array(bytes) }) as Blob)

  it('reads more and more at a time, as long as it is little', () => {
    expect(nextBatchMessages(8, blobs(8, 500))).toBe(16)
    expect(nextBatchMessages(64, blobs(64, 500))).toBe(98)
    expect(nextBatchMessages(8, blobs(8, BATCH_BLOB_BYTES / 5))).toBe(5)
    expect(nextBatchMessages(5, blobs(5, BATCH_BLOB_BYTES / 5))).toBe(5)
    expect(nextBatchMessages(5, blobs(5, BATCH_BLOB_BYTES * 2))).toBe(1)
    expect(nextBatchMessages(8, [undefined])).toBe(16)
    expect(nextBatchMessages(8, [])).toBe(16)
  })

  it('holds few large indexes at a time', async () => {
    const server = await startImapServer()
    await stopped(server, async () => {
      const inbox = await server.mailbox.inbox(server.accountId('ann@example.test'))
      const part = `--x\r\nContent-Type: text/plain; name="${'n'.repeat(150)}"\r\n\r\n\r\n`
      const many = `Content-Type: multipart/mixed; boundary=x\r\n\r\n${part.repeat(1_000)}--x--\r\n`
      for (let i = 0; i < 40; i++) await server.seed(inbox, many)
      const client = await ImapClient.login(server.port)
      await client.ok('SELECT INBOX')
      using read = vi.spyOn(server.mailbox, 'blobs')
      expect((await client.ok('FETCH 1:* (BODYSTRUCTURE)')).untagged).toHaveLength(40)
      const bytes = await Promise.all(
        read.mock.results.map(async ({ value }) =>
          (await (value as Promise<readonly Blob[]>)).reduce(
            (sum, { index }) => sum + index.byteLength,
            0,
          ),
        ),
      )
      expect(Math.max(...bytes)).toBeLessThan(1.1 * BATCH_BLOB_BYTES)
      expect(bytes.reduce((sum, each) => sum + each)).toBeGreaterThan(2 * BATCH_BLOB_BYTES)
    })
  })
})
