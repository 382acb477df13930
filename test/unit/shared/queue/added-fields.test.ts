import { describe, expect, it } from 'vitest'
import { addedFields, completionOf, finalFields, lacking } from '#shared/queue/added-fields.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import { queuedMessage } from '#test/support/mail-queue.ts'
import { origin } from '#test/support/pipeline.ts'

const nowMs = Date.UTC(2026, 10, 20, 12)
const host = 'mx.example.test'
const received = 'Received: by mx.example.test\r\n'
const message = (facts: Parameters<typeof queuedMessage>[1]): QueuedMessage =>
  queuedMessage(nowMs, { prepend: received, ...facts })

describe('header fields that are added', () => {
  it('to a message of another server are what the listener wrote, and no more', () => {
    expect(addedFields(message({ completes: false }), host)).toBe(received)
  })

  // RFC 6409 §8
  it('to a message of a client are those it lacks: Date, Message-ID, From', () => {
    const bare = message({ completes: true, has: [], envelope: { sender: 'ann@example.test' } })
    expect(addedFields(bare, host)).toBe(
      `${received}Date: Fri, 20 Nov 2026 12:00:00 +0000\r\n` +
        `Message-ID: <${bare.queueId}@${host}>\r\nFrom: <ann@example.test>\r\n`,
    )
    expect(addedFields({ ...bare, has: ['date', 'from', 'message-id'] }, host)).toBe(received)
    expect(lacking({ ...bare, has: ['date'] })).toEqual(['message-id', 'from'])
  })

  it('name as author of the null sender who logged in, else this server', () => {
    const bare = message({ completes: true, has: ['date', 'message-id'], envelope: { sender: '' } })
    expect(addedFields(bare, host)).toContain(`From: <MAILER-DAEMON@${host}>`)
    const login = origin({ id: 'a', login: 'ann@example.test' })
    expect(addedFields({ ...bare, origin: login }, host)).toContain('From: <ann@example.test>')
  })

  // RFC 5321 §4.4
  it('on the way into a mailbox begin with the return path, empty for the null sender', () => {
    const given = message({ envelope: { sender: 'sender@far.example' } })
    expect(finalFields(given, host)).toBe(`Return-Path: <sender@far.example>\r\n${received}`)
    const none = message({ envelope: { sender: '' } })
    expect(finalFields(none, host)).toBe(`Return-Path: <>\r\n${received}`)
  })

  it('have other characters as UTF-8, one character a byte', () => {
    const given = message({ envelope: { sender: 'jörg@far.example' } })
    expect(finalFields(given, host)).toContain('Return-Path: <j\u00c3\u00b6rg@far.example>')
  })
})

describe('what is remembered of a header', () => {
  const present = ['date', 'subject', 'from']

  it.each([
    [
      'login',
      ['date', 'subject', 'from', 'message-id'],
      { completes: true, has: ['date', 'message-id', 'from'] },
    ],
    ['login', present, { completes: true, has: ['date', 'from'] }],
    ['client', present, { completes: true, has: ['date', 'from'] }],
    // Nothing is lacking, so nothing is kept.
    ['client', ['date', 'from', 'message-id'], { completes: false, has: [] }],
    ['stranger', present, { completes: false, has: [] }],
  ] as const)('of a %s that sent %j', (from, fields, wanted) => {
    expect(completionOf(from, fields)).toEqual(wanted)
  })
})
