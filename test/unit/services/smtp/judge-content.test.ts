import { afterEach, describe, expect, it } from 'vitest'
import { createContentStage } from '#services/content/stage.ts'
import { createSmtpListener, type SmtpListenerOptions } from '#services/smtp/listener.ts'
import type { ContentStep, StepVerdict } from '#shared/contracts/content.ts'
import { EDITED_HEADER_BYTES_MAX } from '#shared/mail/header-edits.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { FakeStep, stashed } from '#test/support/content.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { smtpFakes } from '#test/support/smtp-fakes.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function start(steps: readonly ContentStep[], options: Partial<SmtpListenerOptions> = {}) {
  const log = new MemoryLog()
  const content = createContentStage({ steps, clock: systemClock })
  const fakes = { ...smtpFakes(log), log, content }
  const listener = createSmtpListener({ role: 'smtp', address: '127.0.0.1', ...options }, fakes)
  const { port } = await listener.listen()
  closing.push(() => listener.close({ graceMs: 0 }))
  const client = await SmtpClient.open(port)
  closing.push(() => client[Symbol.asyncDispose]())
  await client.command(options.role === 'lmtp' ? 'LHLO client.test' : 'EHLO client.test')
  async function send(
    message = text,
    to: readonly string[] = ['bob@example.test', 'eve@example.test'],
  ) {
    await client.envelope('ann@remote.test', to)
    return client.data(message)
  }
  return { ...fakes, client, send }
}

const text = 'Subject: x\r\nX-Spam: no\r\n\r\nbody\r\n'

const saying = (verdict: Partial<StepVerdict>) =>
  new FakeStep('test', { kind: 'accept', ...verdict } as StepVerdict)

describe('a message that the content stage looked at', () => {
  it('is taken with what is wanted of it, and the log tells who wanted it', async () => {
    const step = saying({
      edits: [
        { kind: 'top', field: 'X-Top: 1\r\n' },
        { kind: 'insert', before: 0, field: 'X-Before: 1\r\n' },
      ],
      junk: 'spam',
      sender: 'other@remote.test',
      removeRecipients: ['eve@example.test'],
      addRecipients: ['dan@example.test'],
      filter: 'smtp:[filter.test]',
      warnings: ['odd'],
      found: 'add header 7/15',
    })
    const { send, spool, log } = await start([step])
    expect((await send()).code).toBe(250)
    const [accepted] = spool.accepted
    expect(accepted).toMatchObject({
      junk: true,
      filter: 'smtp:[filter.test]',
      envelope: {
        sender: 'other@remote.test',
        recipients: [{ address: 'bob@example.test' }, { address: 'dan@example.test' }],
      },
    })
    expect(accepted?.prepend).toMatch(/^X-Top: 1\r\nReceived: .*\r\nX-Before: 1\r\n$/s)
    expect(String(spool.contents.get(accepted?.spooled.queueId ?? ('' as never)))).toBe(text)
    expect(log.find('message accepted')).toMatchObject({
      junk: 'spam',
      content: [{ step: 'test', verdict: 'filter', found: 'add header 7/15' }],
    })
    expect(log.find('content filter warns')).toMatchObject({ warning: 'test: odd' })
  })

  it('is written anew where what is stored changes', async () => {
    const step = new FakeStep('test', async (message) => ({
      kind: 'accept',
      edits: [{ kind: 'remove', name: 'x-spam', occurrence: 0 }],
      body: await message.stash(stashed('other\r\n').open()),
    }))
    const { send, spool } = await start([step])
    expect((await send()).code).toBe(250)
    const { spooled } = spool.accepted[0] ?? {}
    expect(String(spool.contents.get(spooled?.queueId ?? ('' as never)))).toBe(
      'Subject: x\r\n\r\nother\r\n',
    )
    expect(spooled?.index.bytes).toBe(21)
    expect(spool.stashes.size).toBe(0)
  })

  it('is put off where a filter makes more of it than its sender might', async () => {
    const step = (bytes: number) =>
      new FakeStep('test', async (message) => ({
        kind: 'accept',
        body: await message.stash(stashed('x'.repeat(bytes)).open()),
      }))
    const options = { messageSizeLimit: 100_000 }
    expect((await (await start([step(100_000)], options)).send()).code).toBe(250)
    const { send, spool } = await start([step(100_001)], options)
    expect((await send()).code).toBe(451)
    expect(spool.discarded).toHaveLength(1)
  })

  it.each<[string, StepVerdict, number]>([
    ['rejected', { kind: 'reject', reply: { code: 554, status: '5.7.1', text: 'spam' } }, 554],
    ['put off', { kind: 'reject', reply: { code: 451, status: '4.7.1', text: 'later' } }, 451],
    ['discarded', { kind: 'discard' }, 250],
  ])('is %s, and forgotten', async (_, verdict, code) => {
    const { send, spool, log } = await start([new FakeStep('test', verdict)])
    expect((await send()).code).toBe(code)
    expect(spool.accepted).toEqual([])
    expect(spool.discarded).toHaveLength(1)
    const told = log.find(code === 250 ? 'message discarded' : 'message rejected')
    expect(told).toMatchObject({ restriction: 'test', content: [{ step: 'test' }] })
  })

  it.each(['hold', 'redirect'] as const)('obeys %s', async (what) => {
    const { send, spool } = await start([saying({ [what]: 'x@example.test' })])
    expect((await send()).code).toBe(250)
    const [accepted] = spool.accepted
    if (what === 'hold') expect(accepted?.held).toBe('x@example.test')
    else expect(accepted?.envelope.recipients).toMatchObject([{ address: 'x@example.test' }])
  })

  it('is put off where a step fails for now, and nothing of it is left', async () => {
    const failing = new FakeStep('test', async (message) => {
      await message.stash(message.open())
      throw new TemporaryFailure('broken')
    })
    const { send, spool } = await start([failing])
    expect((await send()).code).toBe(451)
    expect(spool.discarded).toHaveLength(1)
    expect(spool.stashes.size).toBe(0)
  })

  it('is refused where its header is too long for what a step wants', async () => {
    const step = saying({ edits: [{ kind: 'append', field: 'X-A: 1\r\n' }] })
    const { send, spool } = await start([step])
    const long = `X-Long: ${'x'.repeat(70)}\r\n`.repeat(EDITED_HEADER_BYTES_MAX / 80 + 1)
    expect((await send(`${long}\r\nbody\r\n`)).code).toBe(552)
    expect(spool.discarded).toHaveLength(1)
  })

  it('is not shown where policy refuses it, and the step hears that it is over', async () => {
    const step = saying({})
    const { client, spool } = await start([step])
    await client.envelope('spammer@remote.test', 'bob@example.test')
    expect((await client.data(text)).code).toBe(550)
    expect(step.seen).toEqual([])
    expect(step.abandoned).toBe(1)
    expect(spool.discarded).toHaveLength(1)
  })

  it('is over for its steps where the client leaves in the middle', async () => {
    const step = saying({})
    const { client, spool } = await start([step])
    await client.envelope('ann@remote.test', 'bob@example.test')
    await client.command('DATA')
    client.wire.write('Subject: x\r\n')
    await client[Symbol.asyncDispose]()
    await expect.poll(() => step.abandoned).toBe(1)
    expect(spool.accepted).toEqual([])
  })

  it('is observed as it is sent and as it is stored', async () => {
    const seen: Record<'raw' | 'stored', string> = { raw: '', stored: '' }
    const observer = (name: keyof typeof seen) => ({
      push: (bytes: Uint8Array) => {
        seen[name] += Buffer.from(bytes).toString('latin1')
      },
      finish: () => {
        seen[name] += '<end>'
      },
    })
    const step: ContentStep = {
      name: 'test',
      begin: () => ({
        observers: [observer('stored')],
        rawObservers: [observer('raw')],
        judge: async () => ({ kind: 'accept' }),
      }),
    }
    const { send } = await start([step])
    expect((await send('Subject: x\r\n\r\n..dot\r\n'.replace('..', '.'))).code).toBe(250)
    expect(seen.raw).toBe('Subject: x\r\n\r\n.dot\r\n<end>')
    expect(seen.stored).toBe('Subject: x\r\n\r\n.dot\r\n<end>')
  })

  it('has an answer for each recipient in LMTP, also for one that a filter took away', async () => {
    const { client, spool } = await start([saying({ removeRecipients: ['eve@example.test'] })], {
      role: 'lmtp',
    })
    await client.envelope('ann@remote.test', ['filling@example.test', 'eve@example.test'])
    await client.command('DATA')
    client.wire.write(`${text}.\r\n`)
    const lines: string[] = []
    while (lines.length < 2) lines.push(...(await client.reply()).text.split('\r\n'))
    expect(lines.map((line) => line.slice(0, 3))).toEqual(['452', '250'])
    expect(spool.accepted).toEqual([])
    expect(spool.discarded).toHaveLength(1)
  })
})

describe('the setting contentFilter', () => {
  it('is the way of messages for which nobody named another', async () => {
    const options = { contentFilter: 'smtp:[filter.test]' }
    const plain = await start([], options)
    await plain.send()
    expect(plain.spool.accepted[0]).toMatchObject({ filter: 'smtp:[filter.test]' })
    const other = await start([saying({ filter: 'scan:[other.test]' })], options)
    await other.send()
    expect(other.spool.accepted[0]).toMatchObject({ filter: 'scan:[other.test]' })
    const redirected = await start([saying({ redirect: 'x@example.test' })], options)
    await redirected.send()
    expect(redirected.spool.accepted[0]).not.toHaveProperty('filter')
  })
})
