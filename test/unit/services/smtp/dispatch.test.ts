import { describe, expect, it } from 'vitest'
import { COMMAND_LINE_BYTES_MAX, smtpDefaults } from '#services/smtp/config.ts'
import { decodeLine, dispatch } from '#services/smtp/dispatch.ts'
import { SmtpSession } from '#services/smtp/session.ts'
import { smtpFakes, smtpLimits } from '#test/support/smtp-fakes.ts'

function open() {
  const peer = { remoteAddress: '203.0.113.5', remotePort: 40_001 }
  const options = { ...smtpDefaults, role: 'smtp' } as const
  const fakes = smtpFakes()
  return new SmtpSession(options, fakes, smtpLimits(options, fakes), peer)
}

/** A line that counts how many of its bytes are made text. */
function counted(text: string) {
  const line = Buffer.from(text, 'latin1')
  let decoded = 0
  const decode = (encoding?: BufferEncoding, start = 0, end = line.length) => {
    decoded += Math.max(0, Math.min(end, line.length) - start)
    return Buffer.prototype.toString.call(line, encoding, start, end)
  }
  return { line: Object.assign(line, { toString: decode }), decoded: () => decoded }
}

const blanks = ' '.repeat(12_000)

describe('a line longer than commands may be', () => {
  it.each([`NOOP${blanks}x `, `${blanks}x `, `NOOP ${'é'.repeat(6_000)}`, `AUTHX${blanks}`])(
    'is refused before it is decoded: %#',
    async (text) => {
      const { line, decoded } = counted(text)
      const { outcome } = dispatch(open(), line)
      expect(await outcome).toMatchObject({ kind: 'reply', reply: { code: 500, status: '5.5.2' } })
      expect(decoded()).toBeLessThan(20)
    },
  )

  it('is AUTH, whatever its case', async () => {
    const { outcome } = dispatch(open(), Buffer.from(`auth PLAIN ${'A'.repeat(4_000)}`))
    expect(await outcome).toMatchObject({ reply: { code: 503 } })
  })

  it('begins with the first byte over the limit', async () => {
    const fits = `NOOP ${'x'.repeat(COMMAND_LINE_BYTES_MAX - 'NOOP \r\n'.length)}`
    expect(await dispatch(open(), Buffer.from(fits)).outcome).toMatchObject({
      reply: { code: 250 },
    })
    const over = Buffer.from(`${fits}x`)
    expect(await dispatch(open(), over).outcome).toMatchObject({ reply: { code: 500 } })
  })
})

describe('BDAT that is not understood', () => {
  // Its bytes would be read as commands.
  it.each(['BDAT 20\0', 'bdat 20 \xff', `BDAT 20 ${'x'.repeat(3_000)}`])(
    'ends the session: %#',
    async (text) => {
      const { outcome } = dispatch(open(), Buffer.from(text, 'latin1'))
      expect(await outcome).toMatchObject({ kind: 'close', reply: { code: 501 } })
    },
  )
})

describe('decodeLine', () => {
  it.each([
    ['NOOP', 'NOOP'],
    ['NOOP \t ', 'NOOP'],
    [' \t', ''],
    ['', ''],
    ['NOOP \t x \t', undefined],
    ['NOOP  x  ', 'NOOP  x'],
    ['MAIL FROM:<\xc3\xa9@d> ', 'MAIL FROM:<é@d>'],
    ['\xc3', undefined],
  ])('%j is %j', (line, text) => {
    expect(decodeLine(Buffer.from(line, 'latin1'))).toBe(text)
  })
})
