import { describe, expect, it } from 'vitest'
import {
  canonicalFields,
  namesToSign,
  relaxed,
  signedFields,
} from '#services/delivery/remote/signing/signed-header.ts'
import { dkimSettings } from '#shared/settings/table/dkim.ts'

const defaults = {
  dkimOversignHeaders: dkimSettings.dkimOversignHeaders.facts.default,
  dkimSignHeaders: dkimSettings.dkimSignHeaders.facts.default,
}

const namesOf = (header: string, names = defaults) =>
  namesToSign(signedFields(header.replaceAll('\n', '\r\n')), names)

const timesOf = (name: string, header: string) =>
  namesOf(header).filter((one) => one === name).length

describe('the relaxed form of a field', () => {
  it.each([
    // RFC 6376 §3.4.5
    ['A: X\r\n', 'a:X\r\n'],
    ['B : Y\t\r\n\tZ  \r\n', 'b:Y Z\r\n'],
    ['C:\r\n', 'c:\r\n'],
    ['C: \r\n \t \r\n', 'c:\r\n'],
    ['D:x\n\ty\n', 'd:x y\r\n'],
    ['E: \xe4\xa0 \r\n', 'e:\xe4\xa0\r\n'],
  ])('%j is %j', (field, form) => {
    expect(signedFields(field).map(relaxed)).toEqual([form])
  })
})

describe('the names that are signed', () => {
  it.each([
    // [name, header, how often]
    ['from', 'From: a\n', 2],
    ['from', '', 1],
    ['reply-to', 'From: a\n', 1],
    ['subject', 'Subject: a\nSubject: b\n', 3],
    // Once in a message: another one is not let in; what is not there may come.
    ['message-id', 'Message-ID: a\n', 2],
    ['message-id', 'From: a\n', 0],
    ['content-type', 'Content-Type: a\n', 2],
    // Lists add these.
    ['sender', 'From: a\n', 0],
    ['list-id', 'From: a\n', 0],
    ['resent-from', 'Resent-From: a\nResent-From: b\n', 2],
    // RFC 8058 §4: both of them are signed.
    ['list-unsubscribe', 'List-Unsubscribe: a\nList-Unsubscribe-Post: b\n', 2],
    ['list-unsubscribe-post', 'List-Unsubscribe: a\nList-Unsubscribe-Post: b\n', 2],
    // RFC 6376 §5.4.1.
    ['received', 'Received: a\n', 0],
    ['x-other', 'X-Other: a\n', 0],
  ])('have %s of %j %i times', (name, header, times) => {
    expect(timesOf(name, header)).toBe(times)
  })

  it('have From whatever the settings say, and no trace fields', () => {
    const names = { dkimOversignHeaders: [], dkimSignHeaders: ['received', 'return-path', 'x-a'] }
    expect(namesOf('From: a\nReceived: b\nX-A: c\nX-A: d\n', names)).toEqual([
      'from',
      'from',
      'x-a',
      'x-a',
    ])
  })

  it('have so many of a name, from the last', () => {
    const header = Array.from({ length: 100 }, (_, at) => `Resent-To: ${at}\n`).join('')
    expect(timesOf('resent-to', header)).toBe(20)
  })
})

describe('the fields that are signed', () => {
  it('are taken from the last of a name upwards (RFC 6376 §5.4.2)', () => {
    const fields = signedFields('A: 1\r\nB: 2\r\na: 3\r\n\r\nA: 4\r\n')
    expect(canonicalFields(fields, ['a', 'b', 'a', 'a', 'c'])).toBe('a:3\r\nb:2\r\na:1\r\n')
  })
})
