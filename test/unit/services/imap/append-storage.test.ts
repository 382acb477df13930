import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { ObjectStore, Store } from '#shared/storage/ports.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { startImapServer } from '#test/support/imap-server.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

describe('APPEND', () => {
  let resources = new AsyncDisposableStack()
  afterEach(async () => {
    await resources.disposeAsync()
    resources = new AsyncDisposableStack()
  })

  /** A logged-in client of a server whose objects are changed. */
  async function clientOf(change: (objects: ObjectStore) => ObjectStore): Promise<ImapClient> {
    const { store, close } = await openEmbedded()
    resources.defer(close)
    const { tables, queues, signals, space } = store
    const changed: Store = {
      tables,
      queues,
      signals,
      space,
      objects: change(store.objects),
      [Symbol.asyncDispose]: async () => {},
    }
    const server = await startImapServer({ store: changed })
    resources.defer(server.stop)
    const client = await ImapClient.login(server.port)
    resources.defer(() => client.close())
    return client
  }

  async function messages(client: ImapClient): Promise<string | undefined> {
    return (await client.ok('STATUS INBOX (MESSAGES)')).untagged[0]
  }

  it('gives back large messages as they came', async () => {
    const client = await clientOf((objects) => objects)
    const text = `Subject: large\r\n\r\n${randomBytes(200_000).toString('latin1').replaceAll('\0', 'x')}`
    await client.append('INBOX', text)
    await client.ok('SELECT INBOX')
    const { untagged } = await client.ok('FETCH 1 BODY.PEEK[]')
    expect(untagged.join('\r\n')).toContain(`BODY[] {${text.length}}\r\n${text})`)
  })

  // RFC 3502: their indexes, 80 KB each, are more than one transaction may hold (TRANSACT_BYTES_MAX).
  it('puts messages of very many parts together into as many transactions as they need', async () => {
    const client = await clientOf((objects) => objects)
    const parts = '--x\r\nA: b\r\n\r\n'.repeat(2_000)
    const text = `Content-Type: multipart/mixed; boundary=x\r\n\r\n${parts}--x--\r\n`
    const literal = ` {${text.length}+}\r\n${text}`
    const answer = await client.ok(`APPEND INBOX${literal.repeat(60)}`)
    expect(answer.text).toMatch(/^\[APPENDUID \d+ 1:60\]/)
    expect(await messages(client)).toBe('STATUS INBOX (MESSAGES 60)')
  })

  it('leaves no message whose bytes could not be made durable', async () => {
    const client = await clientOf((objects) =>
      withStage(objects, async (stage) => ({
        ...(await stage()),
        commit: () => Promise.reject(new TemporaryFailure('disk full')),
      })),
    )
    for (const command of ['APPEND INBOX {4+}', 'APPEND INBOX {4+}\r\nabcd {4+}']) {
      const answer = await client.command(`${command}\r\nabcd`)
      expect(answer).toMatchObject({
        status: 'NO',
        text: expect.stringMatching(/^\[UNAVAILABLE\]/),
      })
    }
    expect(await messages(client)).toBe('STATUS INBOX (MESSAGES 0)')
  })

  it('keeps the old message when the bytes of its replacement could not be made durable', async () => {
    let fails = false
    const client = await clientOf((objects) =>
      withStage(objects, async (stage) => {
        const staged = await stage()
        return fails
          ? { ...staged, commit: () => Promise.reject(new TemporaryFailure('disk full')) }
          : staged
      }),
    )
    await client.ok('APPEND INBOX {4+}\r\nabcd')
    await client.ok('SELECT INBOX')
    fails = true
    const answer = await client.command('REPLACE 1 INBOX {4+}\r\nefgh')
    expect(answer.status).toBe('NO')
    const { untagged } = await client.ok('FETCH 1 BODY.PEEK[]')
    expect(untagged.join('\r\n')).toContain('abcd)')
  })

  it('goes on with the next command when the store takes no more in the middle of a message', async () => {
    const client = await clientOf((objects) =>
      withStage(objects, async (_, source) => {
        for await (const _ of source) break
        throw new TemporaryFailure('disk full')
      }),
    )
    const answer = await client.command(`APPEND INBOX {300000+}\r\n${'x'.repeat(300_000)}`)
    expect(answer.status).toBe('NO')
    expect(await messages(client)).toBe('STATUS INBOX (MESSAGES 0)')
  })
})

type Stage = ObjectStore['stage']

/** An object store that stages objects in another way. */
function withStage(
  objects: ObjectStore,
  change: (stage: () => ReturnType<Stage>, source: AsyncIterable<Uint8Array>) => ReturnType<Stage>,
): ObjectStore {
  return {
    put: (key, source, options) => objects.put(key, source, options),
    stage: (key, source) => change(() => objects.stage(key, source), source),
    read: (key, range) => objects.read(key, range),
    stream: (key, range) => objects.stream(key, range),
    size: (key) => objects.size(key),
    delete: (key) => objects.delete(key),
    list: (prefix, after) => objects.list(prefix, after),
  }
}
