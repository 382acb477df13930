import { describe, expect, it } from 'vitest'
import { LAZY_PREVIEWS_MAX } from '#services/imap/fetch/responder.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { ObjectStore, Store } from '#shared/storage/ports.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { type ImapServer, startImapServer } from '#test/support/imap-server.ts'
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
