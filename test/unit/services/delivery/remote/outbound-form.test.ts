// The steps between a stored message and what a host is sent: any number of them, each of which sees what the ones before made.

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { foldLines } from '#services/delivery/remote/line-folding.ts'
import {
  composeOutbound,
  type HostTakes,
  type OutboundStep,
} from '#services/delivery/remote/outbound-form.ts'

const host: HostTakes = { smtpUtf8: false, eightBit: true }

function compose(text: string, steps: readonly OutboundStep[], objectBytes = text.length) {
  const fields = 'A: b\r\n'
  return composeOutbound(
    {
      bytes: fields.length + objectBytes,
      needs: { smtpUtf8: false, eightBit: false },
      fieldsFor: ({ smtpUtf8 }) => (smtpUtf8 ? fields.toUpperCase() : fields),
      async *object() {
        yield Buffer.from(text)
      },
      objectBytes,
    },
    steps,
  )
}

async function readAll(message: ReturnType<typeof compose>, takes = host): Promise<string> {
  return Buffer.concat(await Array.fromAsync((await message.formFor(takes)).read())).toString()
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('base64')

/** What a signature does: reads all that leaves, and goes in front. */
const sign: OutboundStep = (form) => ({
  ...form,
  async *object() {
    const body = Buffer.concat(await Array.fromAsync(form.object()))
    yield Buffer.from(`X-Hash: ${hashOf(body.toString())}\r\n`)
    yield body
  },
  declaredBytes: form.declaredBytes + 54,
})

describe('a message that leaves in steps', () => {
  it('is its fields and its object where there is nothing to do', async () => {
    const message = compose('body\r\n', [])
    expect(await readAll(message)).toBe('A: b\r\nbody\r\n')
    expect((await message.formFor(host)).declaredBytes).toBe(message.bytes)
  })

  it('has the fields that the host may see', async () => {
    expect(await readAll(compose('body\r\n', []), { ...host, smtpUtf8: true })).toBe(
      'A: B\r\nbody\r\n',
    )
  })

  it('is signed as it leaves, after all that changes it', async () => {
    const message = compose('abcdefghijkl\r\n', [foldLines(10), sign])
    const folded = 'abcdefghij\r\n kl\r\n'
    expect(await readAll(message)).toBe(`A: b\r\nX-Hash: ${hashOf(folded)}\r\n${folded}`)
    expect((await message.formFor(host)).declaredBytes).toBeGreaterThan(message.bytes + 54)
  })

  it('can be made again, for another host', async () => {
    const message = compose('abcdefghijkl\r\n', [foldLines(10)])
    expect(await readAll(message)).toBe(await readAll(message))
  })

  it.each([
    ['shorter', -1],
    ['longer', 1],
  ])('does not come to an end when the object is %s than it should be', async (_, more) => {
    const text = 'body\r\n'
    for (const steps of [[], [foldLines(10)], [sign]]) {
      await expect(readAll(compose(text, steps, text.length - more))).rejects.toThrow(
        `${text.length} bytes instead of ${text.length - more}`,
      )
    }
  })
})
