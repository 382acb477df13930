import { describe, expect, it } from 'vitest'
import { formatResponseCode, plainCodes, type ResponseCode } from '#shared/imap/response-code.ts'

const set = (first: number, last = first) => [{ first, last }]

describe('formatResponseCode', () => {
  it.each<readonly [ResponseCode, string]>([
    ['READ-ONLY', 'READ-ONLY'],
    [{ kind: 'CAPABILITY', capabilities: ['IMAP4rev2', 'IDLE'] }, 'CAPABILITY IMAP4rev2 IDLE'],
    [{ kind: 'BADCHARSET', charsets: [] }, 'BADCHARSET'],
    [{ kind: 'BADCHARSET', charsets: ['UTF-8', 'a b'] }, 'BADCHARSET (UTF-8 "a b")'],
    [{ kind: 'PERMANENTFLAGS', flags: ['\\Seen', '\\*'] }, 'PERMANENTFLAGS (\\Seen \\*)'],
    [{ kind: 'UIDNEXT', number: 4392 }, 'UIDNEXT 4392'],
    // RFC 4315 §3
    [{ kind: 'APPENDUID', uidValidity: 38505, uids: set(3955) }, 'APPENDUID 38505 3955'],
    [
      {
        kind: 'COPYUID',
        uidValidity: 38505,
        from: [...set(304), ...set(319, 320)],
        to: set(3956, 3958),
      },
      'COPYUID 38505 304,319:320 3956:3958',
    ],
    [{ kind: 'HIGHESTMODSEQ', modSeq: 715194045007 }, 'HIGHESTMODSEQ 715194045007'],
    [{ kind: 'MODIFIED', messages: [...set(7), ...set(9)] }, 'MODIFIED 7,9'],
    [{ kind: 'MAILBOXID', id: 'F2212ea87' }, 'MAILBOXID (F2212ea87)'],
    [{ kind: 'METADATA LONGENTRIES', bytes: 2199 }, 'METADATA LONGENTRIES 2199'],
    [{ kind: 'METADATA TOOMANY' }, 'METADATA TOOMANY'],
    [{ kind: 'BADURL', url: '/x";\r\n' }, 'BADURL "/x\\";??"'],
    [
      { kind: 'BADEVENT', events: ['MessageNew', 'FlagChange'] },
      'BADEVENT (MessageNew FlagChange)',
    ],
    [{ kind: 'NOUPDATE', tag: 'B02' }, 'NOUPDATE "B02"'],
    // RFC 9585 §4
    [
      { kind: 'INPROGRESS', tag: 'A001', progress: 454, goal: 1000 },
      'INPROGRESS ("A001" 454 1000)',
    ],
    [{ kind: 'INPROGRESS', tag: null, progress: 0, goal: null }, 'INPROGRESS (NIL 0 NIL)'],
    // RFC 9738 §3.1
    [{ kind: 'MESSAGELIMIT', limit: 1000, uid: 23221 }, 'MESSAGELIMIT 1000 23221'],
    [{ kind: 'MESSAGELIMIT', limit: 1000, uid: null }, 'MESSAGELIMIT 1000'],
    [{ kind: 'SAVELIMIT', limit: 1000 }, 'SAVELIMIT 1000'],
  ])('writes %j', (code, text) => {
    expect(formatResponseCode(code)).toBe(text)
  })

  it('has plain codes that are atoms', () => {
    for (const code of plainCodes) expect(code).toMatch(/^[A-Z-]+$/)
  })
})
