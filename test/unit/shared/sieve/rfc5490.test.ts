// What scripts find out of the mailbox: RFC 5490 (mailbox, mboxmetadata, servermetadata), RFC 8579 (special-use), RFC 9042 (mailboxid).

import { describe, expect, it } from 'vitest'
import { findings, outcome, run, type Situation } from '#test/support/sieve.ts'

const needs =
  'require ["mailbox", "mboxmetadata", "servermetadata", "special-use", "mailboxid", "fileinto", "variables", "relational"]; '

const situation: Situation = {
  folders: {
    '': { '/private/vendor/x/uri': 'mailto:a@b.example' },
    Partners: { '/private/comment': 'On', '/shared/empty': '' },
    'B\u00fcro/2026': {},
  },
  specialUses: { Spam: '\\Junk', Sent: '\\Sent' },
  folderIds: ['F1', 'F2'],
}

const fits = async (test: string) =>
  (await outcome(`${needs}if ${test} { discard; }`, situation))[0] === 'discard'

async function filed(script: string) {
  const result = await run(needs + script, situation)
  if (result.kind === 'failed') throw new Error(result.reason)
  return result.actions[0]
}

describe('RFC 5490 §3 mailbox and mboxmetadata', () => {
  it.each([
    ['mailboxexists "Partners"', true],
    ['mailboxexists "INBOX"', true],
    ['mailboxexists ["Partners", "B\u00fcro/2026"]', true],
    ['mailboxexists ["Partners", "Others"]', false],
    ['mailboxexists ""', false],
    ['metadata "Partners" "/private/comment" "on"', true],
    ['metadata :is "Partners" "/private/comment" ["off", "ON"]', true],
    ['metadata :comparator "i;octet" "Partners" "/private/comment" "on"', false],
    ['metadata "Partners" "/shared/empty" ""', true],
    ['metadata "Partners" "/shared/none" ""', false],
    ['metadata :contains "Others" "/private/comment" ""', false],
    ['metadata :count "eq" "Partners" "/private/comment" "1"', true],
    ['metadataexists "Partners" ["/private/comment", "/shared/empty"]', true],
    ['metadataexists "Partners" ["/private/comment", "/shared/none"]', false],
  ])('%s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })

  it('§3.2: has a folder made where there is none', async () => {
    expect(await filed('fileinto :create "New";')).toMatchObject({ folder: 'New', create: true })
    expect(await filed('fileinto "New";')).toMatchObject({ folder: 'New', create: false })
  })
})

describe('RFC 5490 §4 servermetadata', () => {
  it.each([
    ['servermetadata :matches "/private/vendor/x/uri" "mailto:*"', true],
    ['servermetadata "/private/vendor/x/none" ""', false],
    ['servermetadataexists "/private/vendor/x/uri"', true],
    ['servermetadataexists ["/private/vendor/x/uri", "/private/vendor/x/none"]', false],
  ])('%s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })

  it('keeps what was matched, as the example has it', async () => {
    const script =
      'if servermetadata :matches "/private/vendor/x/uri" "*" { set "u" "${0}"; } fileinto "${u}";'
    expect(await filed(script)).toMatchObject({ folder: 'mailto:a@b.example' })
  })
})

describe('RFC 8579', () => {
  it.each([
    ['specialuse_exists "\\\\Junk"', true],
    ['specialuse_exists ["\\\\Junk", "\\\\Sent"]', true],
    ['specialuse_exists ["\\\\Junk", "\\\\Archive"]', false],
    ['specialuse_exists "Spam" "\\\\Junk"', true],
    ['specialuse_exists "Sent" "\\\\Junk"', false],
    ['specialuse_exists "None" "\\\\Junk"', false],
  ])('§3: %s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })

  it('§4: a folder by its use before that of the name', async () => {
    expect(await filed('fileinto :specialuse "\\\\Junk" "Spam";')).toMatchObject({
      folder: 'Spam',
      specialUse: '\\Junk',
    })
    expect(await filed('set "u" "Junk"; fileinto :specialuse "\\\\${u}" "Spam";')).toMatchObject({
      specialUse: '\\Junk',
    })
  })

  it('a use that is none is an error, and found none in a test', async () => {
    expect(await outcome(`${needs}set "u" "Junk"; fileinto :specialuse "\${u}" "S";`)).toEqual([
      'error: line 1: "Junk" is no special use, which is written as "\\\\Junk" is',
    ])
    expect(await fits('specialuse_exists "${x}"')).toBe(false)
  })
})

describe('RFC 9042', () => {
  it.each([
    ['mailboxidexists "F1"', true],
    ['mailboxidexists ["F1", "F2"]', true],
    ['mailboxidexists ["F1", "F3"]', false],
    // §3: ids are compared as they are.
    ['mailboxidexists "f1"', false],
  ])('§3: %s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })

  it('§4: a folder by its id before that of the name', async () => {
    expect(await filed('fileinto :mailboxid "F1" :create "X";')).toMatchObject({
      folder: 'X',
      mailboxId: 'F1',
      create: true,
    })
  })
})

it.each([
  ['if mailboxexists "a" { }', 'line 1: mailboxexists needs require "mailbox"'],
  ['require "fileinto"; fileinto :create "a";', 'line 1: :create needs require "mailbox"'],
  [
    'require "fileinto"; fileinto :mailboxid "a" "b";',
    'line 1: :mailboxid needs require "mailboxid"',
  ],
  [
    'require "mailbox"; if metadata "a" "b" "c" { }',
    'line 1: metadata needs require "mboxmetadata"',
  ],
  [
    'require "mboxmetadata"; if servermetadata "b" "c" { }',
    'line 1: servermetadata needs require "servermetadata"',
  ],
  [
    'require "special-use"; if specialuse_exists "Junk" { }',
    'line 1: "Junk" is no special use, which is written as "\\\\Junk" is',
  ],
  [
    `${needs}fileinto :specialuse "\\\\Junk" :mailboxid "x" "a";`,
    'line 1: :specialuse and :mailboxid exclude each other',
  ],
])('%s', (script, finding) => {
  expect(findings(script)).toEqual([finding])
})
