import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createFilterStep, type FilterOptions } from '#services/content/filter-step.ts'
import { type ClamdOptions, createClamd } from '#services/content/filters/clamd.ts'
import type { StepVerdict } from '#shared/contracts/content.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import {
  CLAMD_STREAM_BYTES_MAX,
  type Clamd,
  startClamd,
  VIRUS_NAME,
  VIRUS_TEXT,
} from '#test/support/clamd.ts'
import { contentFacts, contentMessage } from '#test/support/content.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { isInstalled } from '#test/support/program.ts'

const filterOptions: FilterOptions = {
  timeLimitMs: 20_000,
  concurrency: 4,
  onFailure: 'defer',
  sizeLimit: 25 * 1024 * 1024,
  onOversize: 'accept',
  mail: 'all',
}

async function judge(
  address: ClamdOptions['address'],
  text: string,
  options: Partial<FilterOptions & ClamdOptions> = {},
): Promise<StepVerdict> {
  const clamd = createClamd({ address, onVirus: 'reject', ...options })
  const deps = { clock: systemClock, log: new MemoryLog() }
  const step = createFilterStep(clamd, { ...filterOptions, ...options }, deps)
  const verdict = await step.begin(contentFacts())?.judge(contentMessage(text))
  if (verdict === undefined) throw new Error('not looked at')
  return verdict
}

const message = (body: string) => `Subject: x\r\n\r\n${body}\r\n`
const tooLarge = message('x'.repeat(CLAMD_STREAM_BYTES_MAX * 4))
const deferred = { kind: 'reject', reply: { code: 451, status: '4.7.1' } }

describe.skipIf(!isInstalled('clamd'))('clamd of Debian', () => {
  let clamd: Clamd
  beforeAll(async () => {
    clamd = await startClamd()
  }, 60_000)
  afterAll(() => clamd[Symbol.asyncDispose]())

  const places = [
    ['TCP', () => ({ kind: 'inet', host: '127.0.0.1', port: clamd.port }) as const],
    ['a Unix socket', () => ({ kind: 'unix', path: clamd.socket }) as const],
  ] as const
  describe.each(places)('over %s', (_, address) => {
    it('finds nothing in a message', async () => {
      expect(await judge(address(), message('harmless'))).toEqual({ kind: 'accept', found: 'OK' })
    })

    it('finds a virus, also far behind the beginning, and its name is told', async () => {
      const verdict = await judge(address(), message(`${'x'.repeat(200_000)}${VIRUS_TEXT}`))
      expect(verdict).toEqual({
        kind: 'reject',
        found: `virus ${VIRUS_NAME}`,
        reply: { code: 550, status: '5.7.1', text: `Message has a virus: ${VIRUS_NAME}` },
      })
    })

    it('takes no more than its own limit, whatever is set here', async () => {
      for (let round = 0; round < 10; round++) {
        expect(await judge(address(), tooLarge)).toMatchObject({
          kind: 'accept',
          found: expect.stringMatching(/^not looked at: more than clamd takes/),
        })
      }
      const verdict = await judge(address(), tooLarge, { onOversize: 'reject' })
      expect(verdict).toMatchObject({ kind: 'reject', reply: { code: 552 } })
    })
  })

  it.each([
    ['quarantine', { kind: 'accept', hold: `virus ${VIRUS_NAME}` }],
    ['discard', { kind: 'discard' }],
  ] as const)('may lead to %s', async (onVirus, expected) => {
    const address = { kind: 'unix', path: clamd.socket } as const
    expect(await judge(address, message(VIRUS_TEXT), { onVirus })).toMatchObject(expected)
  })

  it('is asked about 200 messages at once, four at a time', async () => {
    const address = { kind: 'unix', path: clamd.socket } as const
    const step = createFilterStep(createClamd({ address, onVirus: 'reject' }), filterOptions, {
      clock: systemClock,
      log: new MemoryLog(),
    })
    const verdicts = await Promise.all(
      Array.from({ length: 200 }, (_, n) => {
        const text = message(n % 10 === 0 ? VIRUS_TEXT : 'harmless')
        return step.begin(contentFacts())?.judge(contentMessage(text))
      }),
    )
    expect(verdicts.filter((verdict) => verdict?.kind === 'reject')).toHaveLength(20)
    expect(verdicts.filter((verdict) => verdict?.found === 'OK')).toHaveLength(180)
  })
})

describe('a clamd that does not do what it should', () => {
  let server: Server | undefined
  const sockets = new Set<Socket>()
  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    if (server !== undefined) await new Promise((resolve) => server?.close(resolve))
    server = undefined
  })

  async function serve(serveOne: (socket: Socket) => void) {
    server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      serveOne(socket)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const at = server.address()
    if (typeof at !== 'object' || at === null) throw new Error('no port')
    return { kind: 'inet', host: '127.0.0.1', port: at.port } as const
  }

  const large = message('x'.repeat(4 * 1024 * 1024))

  it.each<[string, (socket: Socket) => void]>([
    ['closes at once', (socket) => socket.end()],
    ['resets the connection at once', (socket) => socket.resetAndDestroy()],
    [
      'resets it at the first bytes',
      (socket) => socket.once('data', () => socket.resetAndDestroy()),
    ],
    ['closes at the end without a word', (socket) => onEnd(socket, () => socket.end())],
    ['says something else', (socket) => onEnd(socket, () => socket.end('UNKNOWN COMMAND\0'))],
    ['says it in part', (socket) => onEnd(socket, () => socket.end('stream: O'))],
    [
      'timed out itself',
      (socket) => socket.once('data', () => socket.end('COMMAND READ TIMED OUT\n')),
    ],
    [
      'has no end of words',
      (socket) => {
        const flood = () => {
          while (!socket.destroyed && socket.write('x'.repeat(65_536))) {}
        }
        socket.on('drain', flood)
        flood()
      },
    ],
  ])('has the message put off where it %s', async (_, serveOne) => {
    const address = await serve(serveOne)
    for (const text of [message('x'), large]) {
      expect(await judge(address, text)).toMatchObject(deferred)
    }
  })

  it.each<[string, (socket: Socket) => void]>([
    ['reads nothing', (socket) => socket.pause()],
    ['reads all and says nothing', (socket) => socket.resume()],
  ])('has it put off where it %s, when its time is over', async (_, serveOne) => {
    const address = await serve(serveOne)
    const verdict = await judge(address, large, { timeLimitMs: 200 })
    expect(verdict).toMatchObject({ ...deferred, found: 'failed: no answer in time' })
  })

  it('has it put off where nobody listens, or taken with a warning', async () => {
    const address = await serve(() => {})
    await new Promise((resolve) => server?.close(resolve))
    server = undefined
    expect(await judge(address, message('x'))).toMatchObject(deferred)
    const taken = await judge(address, message('x'), { onFailure: 'accept' })
    expect(taken).toMatchObject({
      kind: 'accept',
      warnings: [expect.stringMatching(/ECONNREFUSED/)],
    })
  })

  it('is believed where it says in the middle that the message is too large', async () => {
    const address = await serve((socket) => {
      socket.once('data', () => {
        socket.write('INSTREAM size limit exceeded. ERROR\0')
        setImmediate(() => socket.destroy())
      })
    })
    expect(await judge(address, large)).toMatchObject({ kind: 'accept', found: /not looked at/ })
  })

  it('names a virus in no more than one short line', async () => {
    const name = `A\r\nB${'x'.repeat(2_000)}`
    const address = await serve((socket) =>
      onEnd(socket, () => socket.end(`stream: ${name} FOUND\0`)),
    )
    const verdict = await judge(address, message('x'))
    if (verdict.kind !== 'reject') throw new Error(verdict.kind)
    expect(verdict.reply.text).toMatch(/^[\x20-\x7e]{1,200}$/)
  })
})

/** After the piece of length zero. */
function onEnd(socket: Socket, then: () => void): void {
  let tail = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]).subarray(-4)
    if (tail.length === 4 && tail.readUInt32BE() === 0) then()
  })
}
