import { describe, expect, it } from 'vitest'
import { BUFFERED_BYTES_MAX, CHUNK_OVERHEAD_BYTES } from '#services/smtp/config.ts'
import { MessageSource } from '#services/smtp/message-source.ts'

async function collect(source: MessageSource): Promise<string> {
  let text = ''
  for await (const chunk of source) text += Buffer.from(chunk).toString()
  return text
}

describe('MessageSource', () => {
  it('hands on what was pushed before and after reading began', async () => {
    const source = new MessageSource()
    source.push(Buffer.from('a'))
    const collected = collect(source)
    source.push(Buffer.from('b'))
    await Promise.resolve()
    source.push(Buffer.from(''))
    source.push(Buffer.from('c'))
    source.finish()
    expect(await collected).toBe('abc')
  })

  it('fails the reader at once, whatever is still held', async () => {
    const source = new MessageSource()
    source.push(Buffer.from('a'))
    source.fail(new Error('gone'))
    await expect(collect(source)).rejects.toThrow('gone')
  })

  it('fails a reader that waits', async () => {
    const source = new MessageSource()
    const collected = collect(source)
    source.fail(new Error('gone'))
    await expect(collected).rejects.toThrow('gone')
  })

  it('does not fail once it is finished', async () => {
    const source = new MessageSource()
    source.push(Buffer.from('a'))
    source.finish()
    source.fail(new Error('too late'))
    expect(await collect(source)).toBe('a')
  })

  it('is saturated above its limit and drained below it', async () => {
    const source = new MessageSource()
    source.push(Buffer.alloc(BUFFERED_BYTES_MAX - CHUNK_OVERHEAD_BYTES))
    expect(source.saturated).toBe(false)
    source.push(Buffer.alloc(1))
    expect(source.saturated).toBe(true)
    const drained = new Promise<void>((resolve) => source.onDrain(resolve))
    await source.next()
    await drained
    expect(source.saturated).toBe(false)
  })

  it('holds nothing more and is drained when the reader stops', async () => {
    const source = new MessageSource()
    source.push(Buffer.alloc(BUFFERED_BYTES_MAX - CHUNK_OVERHEAD_BYTES))
    source.push(Buffer.alloc(1))
    const drained = new Promise<void>((resolve) => source.onDrain(resolve))
    for await (const _ of source) break
    await drained
    source.push(Buffer.alloc(BUFFERED_BYTES_MAX + 1))
    expect(source.saturated).toBe(false)
  })

  it('counts what it takes to hold a piece of one byte', () => {
    const source = new MessageSource()
    let pieces = 0
    for (; !source.saturated; pieces++) source.push(Buffer.from('x'))
    expect(pieces).toBeLessThan(BUFFERED_BYTES_MAX / CHUNK_OVERHEAD_BYTES + 1)
  })
})
