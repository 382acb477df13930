import { describe, expect, it } from 'vitest'
import type { Body } from '#services/smtp/body.ts'
import { BUFFERED_BYTES_MAX, CHUNK_OVERHEAD_BYTES, smtpDefaults } from '#services/smtp/config.ts'
import { MessageReceipt } from '#services/smtp/message-receipt.ts'
import { type ReaderHost, SmtpReader } from '#services/smtp/reader.ts'
import { SmtpSession } from '#services/smtp/session.ts'
import type { Turns } from '#shared/runtime/turns.ts'
import { smtpFakes, smtpLimits } from '#test/support/smtp-fakes.ts'

class Host implements ReaderHost {
  readonly events: string[] = []
  reader: SmtpReader | undefined
  /** Begun by the line `body`. */
  body: Body | undefined
  /** What the line `wait` waits for. */
  gate: Promise<void> | undefined

  onLine(line: Buffer): Promise<void> | undefined {
    const text = line.toString()
    this.events.push(text)
    if (text === 'body' && this.body) this.reader?.startBody(this.body)
    if (text === 'throw') throw new Error('bug')
    return text === 'wait' ? this.gate : undefined
  }
  onLineTooLong(): undefined {
    this.events.push('(too long)')
  }
  onBareLineFeed(): undefined {
    this.events.push('(bare LF)')
  }
  onBodyBytes(): void {}
  onBodyEnd(): undefined {
    this.events.push('(body)')
  }
  onIdle(): undefined {
    this.events.push('(idle)')
  }
  onEnd(): void {
    this.events.push('(end)')
  }
  onFailure(error: unknown): void {
    this.events.push(String(error))
  }
}

/** However slow the machine is. */
const neverWaits: Turns = { step: () => undefined }

function makeReader(turns: Turns = neverWaits) {
  const host = new Host()
  const reader = new SmtpReader(host, turns)
  host.reader = reader
  return { host, reader, write: (text: string) => reader.write(Buffer.from(text)) }
}

describe('SmtpReader', () => {
  it('is idle once for each chunk it has worked off', () => {
    const { host, write } = makeReader()
    write('one\r\ntwo\r\nthr')
    write('ee\r\n')
    expect(host.events).toEqual(['one', 'two', '(idle)', 'three', '(idle)'])
  })

  it('reads nothing on while a command runs', async () => {
    const { host, write } = makeReader()
    const gate = Promise.withResolvers<void>()
    host.gate = gate.promise
    write('wait\r\nafter\r\n')
    write('later\r\n')
    expect(host.events).toEqual(['wait'])
    gate.resolve()
    await gate.promise
    await Promise.resolve()
    expect(host.events.slice(0, 3)).toEqual(['wait', 'after', '(idle)'])
  })

  it('drops what it holds when it is closed in between', async () => {
    const { host, reader, write } = makeReader()
    const gate = Promise.withResolvers<void>()
    host.gate = gate.promise
    write('wait\r\nafter\r\n')
    reader.isClosed = true
    gate.resolve()
    await gate.promise
    await Promise.resolve()
    expect(host.events).toEqual(['wait'])
  })

  it('reports a bug in a command and goes on being a stream', () => {
    const { host, reader, write } = makeReader()
    write('throw\r\n')
    expect(host.events).toEqual(['throw', 'Error: bug', '(idle)'])
    expect(reader.errored).toBeNull()
  })

  it('does not run a line whose end never came', async () => {
    const { host, reader, write } = makeReader()
    write('QUIT')
    await new Promise<void>((resolve) => reader.end(resolve))
    expect(host.events).toEqual(['(idle)', '(end)'])
  })

  it('takes no more of a message than the spool does', async () => {
    const { host, reader } = makeReader()
    const fakes = smtpFakes()
    const { spool } = fakes
    const gate = Promise.withResolvers<void>()
    spool.gate = gate.promise
    const peer = { remoteAddress: '192.0.2.1', remotePort: 1 }
    const options = { ...smtpDefaults, role: 'smtp' } as const
    const session = new SmtpSession(options, fakes, smtpLimits(options, fakes), peer)
    session.begin({
      sender: '',
      size: 0,
      body: '7BIT',
      smtpUtf8: false,
      requireTls: false,
      ret: null,
      envid: null,
    })
    if (!session.transaction) throw new Error('no transaction')
    const receipt = new MessageReceipt(session, session.transaction)
    host.body = {
      receipt,
      push(chunk) {
        receipt.push(chunk)
        return undefined
      },
      finish: () => receipt.finish(),
    }
    reader.write('body\r\n')
    const taken: string[] = []
    reader.write(Buffer.alloc(BUFFERED_BYTES_MAX - CHUNK_OVERHEAD_BYTES), () =>
      taken.push('up to the limit'),
    )
    const isAllTaken = new Promise<void>((resolve) => {
      reader.write(Buffer.alloc(1), () => {
        taken.push('more')
        resolve()
      })
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(taken).toEqual(['up to the limit'])
    gate.resolve()
    await isAllTaken
  })
})

describe('between two commands', () => {
  /** Every third step waits for the next turn, which comes when the test says so. */
  function everyThird() {
    let steps = 0
    let begin: (() => void) | undefined
    const turns: Turns = {
      step() {
        steps += 1
        if (steps % 3 !== 0) return undefined
        return new Promise((resolve) => {
          begin = resolve
        })
      },
    }
    const nextTurn = async () => {
      begin?.()
      await new Promise(setImmediate)
    }
    return { turns, nextTurn }
  }

  it('others get their turn', async () => {
    const { turns, nextTurn } = everyThird()
    const { host, write } = makeReader(turns)
    write('line\r\n'.repeat(7))
    expect(host.events).toHaveLength(3)
    await nextTurn()
    expect(host.events).toHaveLength(6)
    await nextTurn()
    expect(host.events.slice(6)).toEqual(['line', '(idle)'])
  })

  it('also where each is answered with a promise that resolves without a turn', async () => {
    const { turns, nextTurn } = everyThird()
    const { host, write } = makeReader(turns)
    host.gate = Promise.resolve()
    write('wait\r\n'.repeat(7))
    await new Promise(setImmediate)
    expect(host.events).toHaveLength(3)
    await nextTurn()
    expect(host.events).toHaveLength(6)
    await nextTurn()
    expect(host.events.slice(6)).toEqual(['wait', '(idle)'])
  })
})
