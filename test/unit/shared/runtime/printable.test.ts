import { describe, expect, it } from 'vitest'
import { createOutput } from '#services/cli/output.ts'
import { createLog } from '#shared/runtime/log-writer.ts'
import { printable, printableJson } from '#shared/runtime/printable.ts'

/** A colour by C0 and by C1, a line, an override that makes `gpj.exe` of `exe.jpg`, marks and isolates. */
const hostile = '\x1b[31mred \x9b32mgreen\r\nline \u202egpj.exe\u2066\u2069\u200f\u061c\u2028\x7f'
const dangerous = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

describe('text from outside', () => {
  it('is shown without what controls a terminal or turns its order round', () => {
    expect(printable(hostile)).not.toMatch(dangerous)
    expect(printable('\u202eexe\x9b')).toBe('\\u202eexe\\u009b')
    expect(printable('Grüße 😀 שלום عربي')).toBe('Grüße 😀 שלום عربي')
  })

  it('says the same in JSON', () => {
    const json = printableJson(JSON.stringify({ hostile }))
    expect(json).not.toMatch(dangerous)
    expect(JSON.parse(json)).toEqual({ hostile })
  })

  it.each(['json', 'pretty'] as const)('is so in a log that is %s', (format) => {
    let text = ''
    const destination = { write: (line: string) => void (text += line) }
    const log = createLog({ level: 'info', format, destination })
    log.child({ bound: hostile }).error({ hostile, error: new Error(hostile) }, 'message')
    for (const line of text.trimEnd().split('\n')) expect(line).not.toMatch(dangerous)
    expect(text.startsWith(format === 'json' ? '{' : '')).toBe(true)
    if (format === 'json') expect(JSON.parse(text)).toMatchObject({ hostile, bound: hostile })
  })

  it.each([true, false])('is so in what commands print (JSON: %s)', (json) => {
    let text = ''
    createOutput(json, (written) => void (text += written)).print({ sender: hostile }, () => [
      `sender ${hostile}`,
      'next',
    ])
    for (const line of text.trimEnd().split('\n')) expect(line).not.toMatch(dangerous)
    if (json) expect(JSON.parse(text)).toEqual({ sender: hostile })
    else expect(text.split('\n')).toHaveLength(3)
  })
})
