// RFC 6785 (imapsieve), as far as the language goes: what may be asked at an event of IMAP, and what is refused.

import { describe, expect, it } from 'vitest'
import { outcome } from '#test/support/sieve.ts'

const needs =
  'require ["environment", "copy", "imap4flags", "reject", "ereject", "vacation", "envelope", "fileinto", "enotify"]; '
const event = (cause: string, more: Readonly<Record<string, string>> = {}) => ({
  environment: { location: 'MS', phase: 'post', 'imap.cause': cause, ...more },
})

describe('§4 what happened', () => {
  it('example 1: what comes into a folder', async () => {
    const script = `${needs}
      if anyof (environment :is "imap.cause" "APPEND", environment :is "imap.cause" "COPY") {
        if environment :is "imap.mailbox" "ActionItems" { redirect :copy "actionitems@example.com"; }
      }`
    const items = { 'imap.mailbox': 'ActionItems' }
    expect(await outcome(script, event('COPY', items))).toEqual([
      'redirect actionitems@example.com',
      'keep',
    ])
    expect(await outcome(script, event('FLAG', items))).toEqual(['keep'])
    // §4.2: at delivery they are ''.
    expect(await outcome(script, event('', { 'imap.mailbox': '' }))).toEqual(['keep'])
  })

  it('example 2: flags that changed', async () => {
    const script = `${needs}
      if allof (environment "imap.cause" "FLAG", environment :contains "imap.changedflags" "\\\\Flagged") {
        fileinto :copy "Flagged";
      }`
    const changed = { 'imap.changedflags': '\\Seen \\Flagged' }
    expect(await outcome(script, event('FLAG', changed))).toEqual(['fileinto Flagged', 'keep'])
  })
})

describe('§3.11 and §4.6: what is for delivery', () => {
  it.each([
    ['reject "x";', 'reject'],
    ['ereject "x";', 'ereject'],
    ['vacation "x";', 'vacation'],
    ['if envelope "from" "x" {}', 'envelope'],
  ])('%s', async (script, what) => {
    expect(await outcome(needs + script, event('APPEND'))).toEqual([
      `error: line 1: ${what} is for mail that is being delivered, and not for APPEND`,
    ])
    expect((await outcome(needs + script, event('')))[0]).not.toMatch(/^error/)
  })

  it('§3.6: notify is for both', async () => {
    expect(await outcome(`${needs}notify "mailto:a@b.example";`, event('FLAG'))).toEqual([
      'notify mailto:a@b.example',
      'keep',
    ])
  })
})
