// RFC 5293, section by section: header fields put in and taken out.

import { describe, expect, it } from 'vitest'
import { changedMessage, findings, outcome, type Situation } from '#test/support/sieve.ts'

const message = [
  'Received: from a',
  'Delivered-To: bob@example.com',
  'X-Hello: one',
  'Subject: a\n folded  one',
  'X-Hello: two',
  'Auto-Submitted: no',
  'Delivered-To: ann@example.com',
  'X-Hello: =?utf-8?q?dr=C3=A9i?=',
  '',
  'Body\n\nof it',
].join('\n')

const edited = (script: string, situation: Situation = {}) =>
  changedMessage(`require ["editheader", "index", "relational", "variables"]; ${script}`, {
    message,
    ...situation,
  })
const lines = async (script: string, situation: Situation = {}) =>
  (await edited(script, situation))?.split('\n')

describe('§4 addheader', () => {
  it('puts a field before all others, and with :last behind them; the rest stays as it is', async () => {
    expect(await edited('addheader "X-New" "first"; addheader :last "X-New" "last";')).toBe(
      message.replace('Received', 'X-New: first\nReceived').replace('\n\n', '\nX-New: last\n\n'),
    )
  })

  it.each([
    ['plain', 'X: plain'],
    ['', 'X: '],
    ['  blanks  ', 'X: blanks'],
    ['a\r\nB: c', 'X: a B: c'],
    ['Grüße', 'X: =?UTF-8?B?R3LDvMOfZQ==?='],
    [
      '=?utf-8?q?as_it_is?=',
      `X: =?UTF-8?B?${Buffer.from('=?utf-8?q?as_it_is?=').toString('base64')}?=`,
    ],
  ])('%j is written %j', async (value, line) => {
    expect((await lines(`addheader "X" "${value}";`))?.[0]).toBe(line)
  })

  it('breaks long values into lines that are read as one', async () => {
    const words = 'word '.repeat(60).trim()
    const changed = await lines(`addheader "X" "${words}";`)
    expect(Math.max(...(changed ?? []).map((line) => line.length))).toBeLessThanOrEqual(78)
    expect(
      await outcome(
        `require "editheader"; addheader "X" "${words}"; if header "x" "${words}" { discard; }`,
      ),
    ).toEqual(['discard'])
  })

  it('refuses names that are none, and values that are too long', async () => {
    expect(findings('require "editheader"; addheader "X Y" "z";')).toEqual([
      'line 1: "X Y" names no header field',
    ])
    const script = 'require ["editheader", "variables"]; set "n" "a:b"; addheader "${n}" "z";'
    expect(await outcome(script)).toEqual(['error: line 1: "a:b" names no header field'])
    const long = `require "editheader"; addheader "X" "${'y'.repeat(2_049)}";`
    expect(await outcome(long)).toEqual(['error: line 1: a header field of more than 2048 bytes'])
    expect(await outcome(long.replace('yy', 'y'))).toEqual(['keep'])
  })
})

describe('§5 deleteheader', () => {
  const hellos = async (script: string) =>
    (await lines(script))?.filter((line) => line.startsWith('X-Hello')).map((line) => line.slice(9))
  const drei = '=?utf-8?q?dr=C3=A9i?='
  it.each([
    ['deleteheader "x-hello";', []],
    ['deleteheader :index 1 "X-Hello";', ['two', drei]],
    ['deleteheader :index 1 :last "X-Hello";', ['one', 'two']],
    ['deleteheader :index 1 "X-Hello"; deleteheader :index 2 "X-Hello";', ['two']],
    ['deleteheader "X-Hello" "two";', ['one', drei]],
    ['deleteheader :contains "X-Hello" ["o"];', [drei]],
    ['deleteheader :matches "X-Hello" "dréi";', ['one', 'two']],
    ['deleteheader :index 2 :is "X-Hello" ["one", "two"];', ['one', drei]],
    [
      'deleteheader :is :comparator "i;octet" "X-Hello" "TWO"; addheader "Y" "z";',
      ['one', 'two', drei],
    ],
  ])('%s', async (script, left) => {
    expect(await hellos(script)).toEqual(left)
  })

  it.each([
    'deleteheader :index 4 "X-Hello";',
    'deleteheader "X-Nothing";',
    'deleteheader :index 1 "Delivered-To" "ann@example.com";',
  ])('%s changes nothing', async (script) => {
    expect(await edited(script)).toBeUndefined()
  })

  it('takes the lines that continue a field with it', async () => {
    expect(await edited('deleteheader "subject";')).toBe(message.replace(/Subject.*\n.*\n/, ''))
  })

  it('wants :index beside :last', () => {
    expect(findings('require "editheader"; deleteheader :last "X";')).toEqual([
      'line 1: :last stands beside :index',
    ])
  })
})

describe('§6 what is not permitted is passed over', () => {
  it.each(['Received', 'AUTO-SUBMITTED'])('%s is never deleted', async (name) => {
    expect(await edited(`deleteheader "${name}";`)).toBeUndefined()
  })

  it('holds to the settings, but for Subject', async () => {
    const headerEdits = { forbidAdd: ['x-spam', 'subject'], forbidDelete: ['X-Hello', 'subject'] }
    expect(
      await edited('addheader "X-Spam" "y"; deleteheader "x-hello";', { headerEdits }),
    ).toBeUndefined()
    const script = 'deleteheader "subject"; addheader "Subject" "y";'
    expect(await edited(script, { headerEdits })).toMatch(/^Subject: y\nReceived/)
  })
})

describe('§7 what others see', () => {
  it.each([
    ['addheader "X-New" "w"; if header "x-new" "w" { discard; }', 'discard'],
    ['deleteheader "subject"; if not exists "subject" { discard; }', 'discard'],
    ['addheader "X-New" "w"; if size :over 220 { discard; }', 'keep'],
    ['addheader "X-New" "w"; if header :index 1 :last "x-hello" "dréi" { discard; }', 'discard'],
  ])('%s', async (script, action) => {
    const all = `require ["editheader", "index"]; ${script}`
    expect(await outcome(all, { message })).toEqual([action])
  })

  it('an action has the message as it was when it was said', async () => {
    const script =
      'require ["editheader", "copy"]; redirect :copy "a@b.example"; addheader "X" "y";'
    expect(await changedMessage(script, { message })).toBeUndefined()
  })

  it('a header without its end gets one', async () => {
    expect(await edited('addheader :last "X" "y";', { message: 'A: b' })).toBe('A: b\nX: y\n\n')
  })
})
