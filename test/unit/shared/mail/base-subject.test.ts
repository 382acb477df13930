import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { baseSubject } from '#shared/mail/base-subject.ts'

describe('baseSubject', () => {
  // RFC 5256 §2.1, by its steps
  const rows: readonly [string, string, boolean][] = [
    ['hello', 'hello', false],
    ['  two   blanks\tand a tab ', 'two blanks and a tab', false],
    ['=?utf-8?Q?Gr=C3=BC=C3=9Fe?=', 'Grüße', false],
    ['hello (fwd)', 'hello', true],
    ['hello (FWD) (fwd) ', 'hello', true],
    ['Re: hello', 'hello', true],
    ['RE : hello', 'hello', true],
    ['re:re: fw: FWD: hello', 'hello', true],
    ['Re[2]: hello', 'hello', true],
    ['Re [list]  : hello', 'hello', true],
    ['[list] hello', 'hello', false],
    ['[a] [b] Re: [c] hello', 'hello', true],
    ['[a] Re: [b] Fwd: hello', 'hello', true],
    ['[only a blob]', '[only a blob]', false],
    ['[a] [b]', '[b]', false],
    ['Re: [b]', '[b]', true],
    ['Re:', '', true],
    ['[fwd: hello]', 'hello', true],
    ['[Fwd: Re: hello (fwd)]', 'hello', true],
    ['[fwd: [fwd: hello]]', 'hello', true],
    ['hello [fwd: not the whole]', 'hello [fwd: not the whole]', false],
    ['Reply: hello', 'Reply: hello', false],
    ['regarding', 'regarding', false],
    ['AW: hallo', 'AW: hallo', false],
    ['', '', false],
  ]
  it.each(rows)('of %j', (subject, base, isReplyOrForward) => {
    expect(baseSubject(subject)).toEqual({ base, isReplyOrForward })
  })

  it('of no subject is empty', () => {
    expect(baseSubject(null)).toEqual({ base: '', isReplyOrForward: false })
  })

  it('takes bounded time for any number of blobs', () => {
    expect(baseSubject('[]'.repeat(100_000)).base).toBe('[]')
  })

  it('removes what the patterns of the grammar remove', () => {
    const unit = fc.constantFrom(
      '[',
      ']',
      '[b] ',
      're',
      'Fwd',
      'fw',
      ':',
      ' ',
      '(fwd)',
      '[fwd:',
      'x',
      'é',
    )
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 14 }), (units) => {
        const subject = units.join('')
        expect(baseSubject(Buffer.from(subject).toString('latin1')).base).toBe(naiveBase(subject))
      }),
      { numRuns: 3_000 },
    )
  })
})

/** By patterns, again and again from the beginning. */
function naiveBase(subject: string): string {
  let text = subject.replace(/ +/g, ' ')
  for (;;) {
    const before = text
    text = text.trimEnd().replace(/\(fwd\)$/i, '')
    if (text !== before) continue
    text = text.replace(/^(?: |(?:\[[^[\]]*\] *)*(?:re|fwd?) *(?:\[[^[\]]*\] *)?:)/i, '')
    if (text !== before) continue
    text = text.replace(/^\[[^[\]]*\] *(?=.)/, '')
    if (text !== before) continue
    text = text.replace(/^\[fwd:(.*)\]$/i, '$1')
    if (text === before) return text
  }
}
