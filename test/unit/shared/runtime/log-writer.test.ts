import { describe, expect, it } from 'vitest'
import { createLog, type LogOptions } from '#shared/runtime/log-writer.ts'

function capture(options: Partial<LogOptions> & { readonly isTTY?: boolean } = {}) {
  const lines: string[] = []
  const destination = { write: (line: string) => lines.push(line), isTTY: options.isTTY }
  const log = createLog({ level: 'info', format: 'json', ...options, destination })
  return { log, lines }
}

function parsed(line: string | undefined): { readonly [name: string]: unknown } {
  return JSON.parse(line ?? '{}')
}

describe('createLog as JSON', () => {
  it('writes time, level, bound fields, fields and message as one line', () => {
    const { log, lines } = capture()
    log.child({ service: 'smtp' }).warn({ queueId: '01J', size: 7 }, 'accepted')
    const { time, ...rest } = parsed(lines[0])
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(rest).toEqual({
      level: 'warn',
      service: 'smtp',
      queueId: '01J',
      size: 7,
      message: 'accepted',
    })
    expect(lines[0]).toMatch(/^[^\n]+\n$/)
  })

  it('writes the message and stack of errors', () => {
    const { log, lines } = capture()
    log.error({ error: new Error('first') }, 'failed')
    expect(parsed(lines[0]).error).toMatchObject({ message: 'first', stack: expect.any(String) })
  })
})

for (const format of ['json', 'pretty'] as const) {
  describe(`createLog as ${format}`, () => {
    it('writes its level and graver ones only, and never evaluates the others', () => {
      const { log, lines } = capture({ format, level: 'warn' })
      const untouched = {
        get field(): never {
          throw new Error('read')
        },
      }
      log.debug(untouched, 'no')
      log.info(untouched, 'no')
      log.child({ service: 'pop3' }).info(untouched, 'no')
      log.warn({}, 'one')
      log.error({}, 'two')
      expect(lines).toHaveLength(2)
    })

    it('cuts what an error says, and takes no line of it for one of ours', () => {
      const { log, lines } = capture({ format })
      const said = `550 no\n    at once, forged\n${'x'.repeat(100_000)}`
      log.error({ error: new Error(said, { cause: new Error(said) }) }, 'failed')
      const text = lines.join('')
      expect(text.length).toBeLessThan(10_000)
      expect(text).not.toMatch(/^ +at once/m)
    })

    it('hides passwords', () => {
      const { log, lines } = capture({ format })
      log.info(
        { login: 'tim', password: 'geheim', passwordHash: '$geheim', secret: 'geheim' },
        'oops',
      )
      expect(lines.join('')).toContain('tim')
      expect(lines.join('')).not.toContain('geheim')
    })

    it('stays on one line whatever clients send', () => {
      const { log, lines } = capture({ format })
      log.info({ helo: 'a\r\nb\x1b[31m\x07\u2028' }, 'greeting')
      expect(lines.join('').match(/[\x00-\x1f\x7f-\x9f]/g)).toEqual(['\n'])
    })
  })
}

describe('createLog for people', () => {
  const line = (fields: { readonly [name: string]: unknown }, message = 'accepted') => {
    const { log, lines } = capture({ format: 'pretty' })
    log.info(fields, message)
    return lines.join('').replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, '')
  }

  it('puts service and queue id first, then the message, then fields', () => {
    const fields = { from: '<a@b.example>', queueId: '01J', size: 7, service: 'smtp', tls: null }
    expect(line(fields)).toBe('smtp 01J accepted from=<a@b.example> size=7 tls=null\n')
  })

  it('names levels other than info', () => {
    const { log, lines } = capture({ format: 'pretty' })
    log.warn({}, 'full')
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d WARN full\n$/)
  })

  it('quotes what would not read as one word, so that no field can be forged', () => {
    expect(line({ helo: 'x size=9' })).toBe('accepted helo="x size=9"\n')
    expect(line({ helo: 'x\x1b[0m' })).toBe('accepted helo="x\\u001b[0m"\n')
    expect(line({ helo: '' })).toBe('accepted helo=""\n')
    expect(line({ to: ['a', 'b c'] })).toBe('accepted to=["a","b c"]\n')
  })

  it('leaves out what is undefined', () => {
    expect(line({ account: undefined })).toBe('accepted\n')
  })

  it('shows an error with its cause, and its stack below when it is grave', () => {
    const error = new Error('no delivery', { cause: new Error('disk full') })
    expect(line({ error })).toBe('accepted error="no delivery: disk full"\n')
    const { log, lines } = capture({ format: 'pretty' })
    log.error({ error }, 'failed')
    expect(lines.join('')).toMatch(/failed error="no delivery: disk full"\n +at .*\n$/s)
  })

  it('takes values that JSON cannot', () => {
    const circle: { self?: unknown } = {}
    circle.self = circle
    expect(line({ circle, big: 1n })).toBe('accepted circle=[object Object] big=1\n')
  })

  it('is chosen for terminals by auto, and JSON for the rest', () => {
    const terminal = capture({ format: 'auto', isTTY: true })
    terminal.log.info({}, 'up')
    expect(terminal.lines[0]).toMatch(/ up\n$/)
    const pipe = capture({ format: 'auto' })
    pipe.log.info({}, 'up')
    expect(parsed(pipe.lines[0]).message).toBe('up')
  })
})
