import { describe, expect, it } from 'vitest'
import { Wanted } from '#services/imap/notify/wanted.ts'
import { parseNotifyArguments } from '#shared/imap/notify-arguments.ts'
import { parsed } from '../../../shared/imap/cursor-of.ts'

function wanted(groups: string): Wanted {
  const given = parsed(`SET ${groups}`, parseNotifyArguments)
  if (given.kind !== 'set') throw new Error('not a SET')
  return new Wanted(given.groups)
}

const subscribed = new Set(['Lists/imap', 'Gone'])

describe('Wanted', () => {
  // RFC 5465 §6.2 to §6.6, RFC 7377 §4
  it.each([
    ['personal', ['INBOX', 'Lists', 'Lists/imap', 'Lists/imap/old']],
    ['inboxes', ['INBOX']],
    ['subscribed', ['Lists/imap']],
    ['subtree Lists', ['Lists', 'Lists/imap', 'Lists/imap/old']],
    ['subtree-one Lists', ['Lists', 'Lists/imap']],
    ['subtree (Lists/imap inbox)', ['INBOX', 'Lists/imap', 'Lists/imap/old']],
    ['mailboxes (iNbOx Lists)', ['INBOX', 'Lists']],
    ['mailboxes List', []],
  ])('%s covers %j', (filter, covered) => {
    const asked = wanted(`(${filter} (MailboxName))`)
    const all = ['INBOX', 'Lists', 'Lists/imap', 'Lists/imap/old']
    expect(all.filter((path) => asked.covers('mailbox-name', path, subscribed))).toEqual(covered)
  })

  it('adds up the groups that name a mailbox', () => {
    const asked = wanted('(mailboxes INBOX (MessageNew MessageExpunge)) (personal (MailboxName))')
    expect(asked.covers('message-new', 'INBOX', subscribed)).toBe(true)
    expect(asked.covers('mailbox-name', 'INBOX', subscribed)).toBe(true)
    expect(asked.covers('message-new', 'Lists', subscribed)).toBe(false)
    expect(asked.covers('flag-change', 'INBOX', subscribed)).toBe(false)
  })

  // RFC 5465 §3.1
  it('wants nothing of the selected mailbox unless it is named as that', () => {
    expect(wanted('(personal (MessageNew MessageExpunge))').selected).toBeNull()
    expect(wanted('(selected NONE)').selected).toBeNull()
    expect(wanted('(selected (MessageNew MessageExpunge))').selected).toEqual({
      delayed: false,
      flags: false,
      atts: [],
    })
    const delayed = wanted('(selected-delayed (MessageNew (UID) MessageExpunge FlagChange))')
    expect(delayed.selected).toEqual({ delayed: true, flags: true, atts: [{ kind: 'uid' }] })
  })

  it('looks at nothing else when only the selected mailbox counts', () => {
    expect(wanted('(selected (MessageNew MessageExpunge))').ofOthers).toBe(false)
    expect(wanted('(selected (MessageNew MessageExpunge)) (personal NONE)').ofOthers).toBe(false)
    expect(wanted('(personal (SubscriptionChange))').ofOthers).toBe(true)
  })
})
