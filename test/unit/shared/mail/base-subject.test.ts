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
})
