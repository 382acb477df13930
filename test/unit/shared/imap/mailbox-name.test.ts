import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import {
  decodeListPattern,
  decodeMailboxName,
  encodeMailboxName,
  MAILBOX_NAME_BYTES_MAX,
} from '#shared/imap/mailbox-name.ts'
import { decodeModifiedUtf7, encodeModifiedUtf7 } from '#shared/imap/modified-utf7.ts'
import { isFolderName } from '#shared/mailbox/folder-path.ts'
import { utf8Bytes } from './cursor-of.ts'

describe('modified UTF-7', () => {
  it.each([
    // RFC 3501 §5.1.3
    ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
    ['Entwürfe', 'Entw&APw-rfe'],
    ['A&B', 'A&-B'],
    ['&', '&-'],
    ['&&', '&-&-'],
    ['Отправленные', '&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-'],
    ['😀', '&2D3eAA-'],
    ['a😀b', 'a&2D3eAA-b'],
    ['ü&ü', '&APw-&-&APw-'],
    ['tab\there', 'tab&AAk-here'],
    ['', ''],
    ['INBOX', 'INBOX'],
    ['~', '~'],
  ])('of %j is %s', (text, encoded) => {
    expect(encodeModifiedUtf7(text)).toBe(encoded)
    expect(decodeModifiedUtf7(encoded)).toBe(text)
  })

  it.each([
    ['an open run', '&APw'],
    ['a lone ampersand', 'A&B'],
    ['an ampersand before a blank', 'A & B'],
    ['printable ASCII shifted', '&AGE-'],
    ['an ampersand shifted', '&ACY-'],
    ['a run split in two', '&APw-&APw-'],
    ['padding', '&APw=-'],
    ['a slash of plain base64', '&U/BTFw-'],
    ['half a UTF-16 unit', '&AP-'],
    ['bits left over', '&APx-'],
    ['a high surrogate alone', '&2D0-'],
    ['a low surrogate alone', '&3gA-'],
    ['a control character unshifted', 'a\tb'],
    ['8-bit', 'Entw\xfcrfe'],
    ['base64 that is none', '&!!!!-'],
  ])('is not %s', (_, encoded) => {
    expect(decodeModifiedUtf7(encoded)).toBeUndefined()
  })

  it('gives every text back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const encoded = encodeModifiedUtf7(text)
        expect(encoded).toMatch(/^[\x20-\x7e]*$/)
        expect(decodeModifiedUtf7(encoded)).toBe(text)
      }),
    )
  })

  it('has one spelling for each name', () => {
    const unit = fc.constantFrom('&', '-', 'A', 'P', 'w', ',', '2', 'D', '3', 'e', ' ')
    fc.assert(
      fc.property(fc.string({ unit }), (encoded) => {
        const text = decodeModifiedUtf7(encoded)
        if (text !== undefined) expect(encodeModifiedUtf7(text)).toBe(encoded)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('decodeMailboxName', () => {
  it('reads modified UTF-7 before UTF-8 is enabled, and plain ampersands after', () => {
    expect(decodeMailboxName('Entw&APw-rfe', false)).toBe('Entwürfe')
    expect(decodeMailboxName('Entw&APw-rfe', true)).toBe('Entw&APw-rfe')
    expect(decodeMailboxName('A&B', true)).toBe('A&B')
  })

  it('reads UTF-8 in both', () => {
    expect(decodeMailboxName(utf8Bytes('Entwürfe'), true)).toBe('Entwürfe')
    expect(decodeMailboxName(utf8Bytes('Entwürfe'), false)).toBe('Entwürfe')
  })

  it.each(['INBOX', 'inbox', 'InBoX'])('takes %s for INBOX', (name) => {
    expect(decodeMailboxName(name, false)).toBe('INBOX')
    expect(decodeMailboxName(name, true)).toBe('INBOX')
  })

  it.each(['inbox/x', 'inboxes', 'xinbox', 'ınbox'])('does not change %s', (name) => {
    expect(decodeMailboxName(utf8Bytes(name), true)).toBe(name)
  })

  it('takes what is neither for a name that no folder can have', () => {
    expect(isFolderName(decodeMailboxName('A&B', false))).toBe(false)
    expect(isFolderName(decodeMailboxName('\xff', false))).toBe(false)
    expect(isFolderName(decodeMailboxName('\xc3', true))).toBe(false)
  })

  it('takes a name of the limit and not one byte more', () => {
    expect(decodeMailboxName('x'.repeat(MAILBOX_NAME_BYTES_MAX), false)).toHaveLength(
      MAILBOX_NAME_BYTES_MAX,
    )
    expect(() => decodeMailboxName('x'.repeat(MAILBOX_NAME_BYTES_MAX + 1), true)).toThrow(
      'too long',
    )
  })

  it('decodes nothing of a name over the limit', () => {
    using decoding = vi.spyOn(Buffer, 'from')
    const name = 'x&AOk-'.repeat(MAILBOX_NAME_BYTES_MAX / 6 + 1)
    expect(() => decodeMailboxName(name, false)).toThrow('too long')
    expect(() => decodeListPattern(name, false)).toThrow('too long')
    expect(() => decodeMailboxName('\xff'.repeat(200_000), true)).toThrow('too long')
    expect(decoding).not.toHaveBeenCalled()
    expect(decodeMailboxName(name.slice(0, -6), false)).toMatch(/^(?:xé)+$/)
    expect(decoding).toHaveBeenCalled()
  })

  it('gives back what encodeMailboxName made', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.boolean(), (name, utf8) => {
        const expected = name.toUpperCase() === 'INBOX' ? 'INBOX' : name
        expect(decodeMailboxName(encodeMailboxName(name, utf8), utf8)).toBe(expected)
      }),
    )
  })
})

describe('decodeListPattern', () => {
  it('decodes what is modified UTF-7 and leaves the rest as it is', () => {
    expect(decodeListPattern('Entw&APw-*', false)).toBe('Entwü*')
    expect(decodeListPattern('Entw&AP*', false)).toBe('Entw&AP*')
    expect(decodeListPattern('A&%', true)).toBe('A&%')
    expect(decodeListPattern('inbox', false)).toBe('INBOX')
  })
})
