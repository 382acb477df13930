// RFC 8580 (fcc): copies of what vacation and notify send; with it RFC 5490's :create, RFC 8579's :specialuse, RFC 9042's :mailboxid.

import { describe, expect, it } from 'vitest'
import { findings, outcome, run } from '#test/support/sieve.ts'

const needs =
  'require ["fcc", "vacation", "enotify", "mailbox", "imap4flags", "special-use", "mailboxid", "variables"]; '

async function fccOf(script: string) {
  const result = await run(needs + script)
  if (result.kind === 'failed') throw new Error(result.reason)
  const [action] = result.actions
  return action?.kind === 'vacation' || action?.kind === 'notify' ? action.fcc : undefined
}

const plain = { create: false, flags: null, specialUse: null, mailboxId: null }

describe('§3 :fcc', () => {
  it.each([
    ['vacation "a";', null],
    ['vacation :fcc "Sent" "a";', { ...plain, folder: 'Sent' }],
    ['vacation :days 7 :fcc "Sent" :create "a";', { ...plain, folder: 'Sent', create: true }],
    [
      'vacation :fcc "Sent" :flags ["\\\\Seen", "a"] "x";',
      { ...plain, folder: 'Sent', flags: ['\\Seen', 'a'] },
    ],
    [
      'vacation :specialuse "\\\\Sent" :fcc "Sent" "a";',
      { ...plain, folder: 'Sent', specialUse: '\\Sent' },
    ],
    ['vacation :fcc "Sent" :mailboxid "F1" "a";', { ...plain, folder: 'Sent', mailboxId: 'F1' }],
    ['notify :fcc "Sent" "mailto:a@b.example";', { ...plain, folder: 'Sent' }],
    ['set "f" "S"; vacation :fcc "${f}x" "a";', { ...plain, folder: 'Sx' }],
  ])('%s', async (script, fcc) => {
    expect(await fccOf(script)).toEqual(fcc)
  })

  it('has the flags it says, and not those of the message', async () => {
    expect(await fccOf('setflag "a"; vacation :fcc "Sent" "x";')).toMatchObject({ flags: null })
  })
})

it.each([
  ['require "vacation"; vacation :fcc "S" "a";', ['line 1: :fcc needs require "fcc"']],
  [`${needs}vacation :create "a";`, ['line 1: :create stands beside :fcc']],
  [`${needs}vacation :flags "x" "a";`, ['line 1: :flags stands beside :fcc']],
  [
    `${needs}notify :mailboxid "x" "mailto:a@b.example";`,
    ['line 1: :mailboxid stands beside :fcc'],
  ],
  [`${needs}vacation :fcc "" "a";`, ['line 1: :fcc takes the name of a folder, and this is none']],
  [
    `${needs}vacation :fcc "S" :specialuse "Sent" "a";`,
    ['line 1: "Sent" is no special use, which is written as "\\\\Junk" is'],
  ],
  [
    `${needs}vacation :fcc "S" :specialuse "\\\\Sent" :mailboxid "x" "a";`,
    ['line 1: :specialuse and :mailboxid exclude each other'],
  ],
])('%s', (script, expected) => {
  expect(findings(script)).toEqual(expected)
})

it('of a folder without a name is an error when it runs', async () => {
  expect(await outcome(`${needs}vacation :fcc "\${x}" "a";`)).toEqual([
    'error: line 1: :fcc takes the name of a folder, and this is none',
  ])
})
