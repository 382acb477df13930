import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createHttpPost } from '#services/content/filters/http-post.ts'

describe('a filter that answers with another protocol', () => {
  it('is waited for no longer than for any other', async () => {
    const over = new AbortController()
    const server = createServer((socket) => {
      socket.once('data', () =>
        socket.end('HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
      )
      socket.once('close', () => over.abort())
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const { post } = createHttpPost(new URL(`http://127.0.0.1:${port}/`), { concurrency: 1 })
    const asked = { headers: {}, body: () => Buffer.from('x'), answerBytesMax: 1 }
    await expect(post({ ...asked, signal: over.signal })).rejects.toThrow('aborted')
    await once(server.close(), 'close')
  })
})
