import { describe, expect, it } from 'vitest'
import { PREPENDED_BYTES_MAX, parseAction } from '#shared/settings/restrictions/action.ts'

const nothing = { status: undefined, text: '' }

describe('an action (access(5))', () => {
  it.each([
    // Accepting
    ['OK', { kind: 'permit' }],
    ['ok, whatever', { kind: 'restrictions', text: 'ok, whatever' }],
    ['RELAY of course', { kind: 'permit' }],
    ['1700000000', { kind: 'permit' }],
    // A code without text is a number like any other.
    ['550', { kind: 'permit' }],
    ['', { kind: 'empty' }],
    ['  ', { kind: 'empty' }],
    ['dunno', { kind: 'dunno' }],
    // Refusing
    ['REJECT', { kind: 'reject', ...nothing }],
    ['reject  not you ', { kind: 'reject', status: undefined, text: 'not you' }],
    ['REJECT 5.7.9 not you', { kind: 'reject', status: '5.7.9', text: 'not you' }],
    ['REJECT 5.7.9', { kind: 'reject', status: '5.7.9', text: '' }],
    ['REJECT 5.7.9x', { kind: 'reject', status: undefined, text: '5.7.9x' }],
    ['DEFER later', { kind: 'defer', status: undefined, text: 'later' }],
    ['550 gone', { kind: 'reply', code: 550, status: undefined, text: 'gone' }],
    ['421 4.3.2 bye', { kind: 'reply', code: 421, status: '4.3.2', text: 'bye' }],
    ['250 fine', { kind: 'restrictions', text: '250 fine' }],
    ['DEFER_IF_PERMIT', { kind: 'defer-if-permit', ...nothing }],
    ['DEFER_IF_REJECT maybe', { kind: 'defer-if-reject', status: undefined, text: 'maybe' }],
    // Of the whole message
    ['DISCARD spam', { kind: 'discard', text: 'spam' }],
    ['HOLD', { kind: 'hold', text: '' }],
    ['FILTER smtp:[127.0.0.1]:10025', { kind: 'filter', destination: 'smtp:[127.0.0.1]:10025' }],
    ['FILTER smtp:', { kind: 'filter', destination: 'smtp:' }],
    ['REDIRECT eve@example.test', { kind: 'redirect', to: 'eve@example.test' }],
    ['BCC eve@example.test', { kind: 'bcc', to: 'eve@example.test' }],
    ['PREPEND X-Seen: yes, indeed', { kind: 'prepend', field: 'X-Seen: yes, indeed' }],
    ['PREPEND X-Seen:', { kind: 'prepend', field: 'X-Seen:' }],
    // Of the log
    ['INFO hello', { kind: 'info', text: 'hello' }],
    ['WARN', { kind: 'warn', text: '' }],
    // Restrictions
    ['permit_mynetworks, reject', { kind: 'restrictions', text: 'permit_mynetworks, reject' }],
    ['greylisted', { kind: 'restrictions', text: 'greylisted' }],
  ])('%j', (result, action) => {
    expect(parseAction(result)).toEqual(action)
  })

  it.each([
    ['FILTER', /transport:destination/],
    ['FILTER smtp', /transport:destination/],
    ['FILTER smtp:a b', /transport:destination/],
    ['REDIRECT', /user@domain/],
    ['REDIRECT eve', /user@domain/],
    ['BCC @example.test x', /user@domain/],
    ['PREPEND', /header field/],
    ['PREPEND no header', /header field/],
    ['PREPEND : empty', /header field/],
    ['PREPEND X-Seen: a\r\nTo: b', /header field/],
    ['PREPEND X-Seen: a\nb', /header field/],
    ['PREPEND X-Seen: \0', /header field/],
    ['PREPEND X-Séen: a', /header field/],
    [`PREPEND X: ${'x'.repeat(PREPENDED_BYTES_MAX - 2)}`, /at most 998 bytes/],
  ])('%j cannot be done', (result, why) => {
    expect(parseAction(result)).toEqual({ kind: 'malformed', reason: expect.stringMatching(why) })
  })

  it('may prepend as much as a line holds', () => {
    const field = `X: ${'x'.repeat(PREPENDED_BYTES_MAX - 3)}`
    expect(parseAction(`PREPEND ${field}`)).toEqual({ kind: 'prepend', field })
  })
})
