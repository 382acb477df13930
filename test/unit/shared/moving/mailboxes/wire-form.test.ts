import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type WireForm, wireForm } from '#shared/moving/mailboxes/wire-form.ts'

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]) {
  let at = 0
  for (const size of [...sizes, bytes.length]) {
    if (at >= bytes.length) return
    yield bytes.subarray(at, at + size)
    at += size
  }
}

async function formOf(text: string, sizes: readonly number[] = []) {
  let told: WireForm | undefined
  const out: Uint8Array[] = []
  const form = wireForm(chunksOf(Buffer.from(text, 'latin1'), sizes), (all) => {
    told = all
  })
  for await (const chunk of form) out.push(chunk)
  return { text: Buffer.concat(out).toString('latin1'), told }
}

describe('the form of a message on the wire', () => {
  it.each([
    ['a\nb\n', 'a\r\nb\r\n'],
    ['a\r\nb\r\n', 'a\r\nb\r\n'],
    ['a\r\nb\nc', 'a\r\nb\r\nc'],
    ['a\rb\r\r\n', 'a\rb\r\r\n'],
    ['\n\n', '\r\n\r\n'],
    ['', ''],
    ['x\0y\n', 'x\x80y\r\n'],
  ])('%j', async (stored, sent) => {
    expect((await formOf(stored)).text).toBe(sent)
  })

  it('is the same in any chunks, and tells what it changed', async () => {
    const bytes = fc.array(fc.constantFrom('a', '\r', '\n', '\0', '\xff'), { maxLength: 40 })
    const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(bytes, sizes, async (all, some) => {
        const text = all.join('')
        const expected = text.replace(/(?<!\r)\n/g, '\r\n').replaceAll('\0', '\x80')
        const formed = await formOf(text, some)
        expect(formed.text).toBe(expected)
        expect(formed.told).toEqual({
          nuls: all.filter((one) => one === '\0').length,
          bytes: expected.length,
        })
      }),
    )
  })
})
