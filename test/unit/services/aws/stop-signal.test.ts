import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { watchForStop } from '#services/aws/stop-signal.ts'

/** Sleeps no longer than it takes to look around. */
const clock = {
  now: () => 0,
  sleep: () => new Promise<void>((resolve) => setImmediate(resolve)),
}

describe('watchForStop', () => {
  it('comes when the metadata says that the task is to stop, however often it failed before', async () => {
    const answers = ['not json', '{"DesiredStatus":"RUNNING"}', '{"DesiredStatus":"STOPPED"}']
    const paths: (string | undefined)[] = []
    const server = createServer((request, response) => {
      paths.push(request.url)
      response.end(answers.shift() ?? '{"DesiredStatus":"STOPPED"}')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const metadataUrl = `http://127.0.0.1:${port}/v4/x`
    expect(await watchForStop({ metadataUrl, clock }).stopping).toBe('the task is to stop')
    expect(paths.slice(0, 3)).toEqual(['/v4/x/task', '/v4/x/task', '/v4/x/task'])
    server.closeAllConnections()
    server.close()
  })

  it('asks no more when it is closed, or a process that cannot start would not end', async () => {
    let asked = 0
    const server = createServer((_, response) => {
      asked += 1
      response.end('{"DesiredStatus":"RUNNING"}')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const waits: (() => void)[] = []
    const slow = { now: () => 0, sleep: () => new Promise<void>((go) => waits.push(go)) }
    const watch = watchForStop({ metadataUrl: `http://127.0.0.1:${port}/v4/x`, clock: slow })
    await expect.poll(() => waits.length).toBe(1)
    watch.close()
    for (const go of waits) go()
    await watch.stopping
    expect(asked).toBe(1)
    server.closeAllConnections()
    server.close()
  })

  it('comes with SIGTERM', async () => {
    const { stopping, terminating } = watchForStop({ metadataUrl: undefined, clock })
    process.emit('SIGTERM', 'SIGTERM')
    expect(await stopping).toBe('SIGTERM')
    await terminating
  })
})
