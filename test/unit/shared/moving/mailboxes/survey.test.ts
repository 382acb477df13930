import { describe, expect, it } from 'vitest'
import type { MailSource } from '#shared/moving/mailboxes/source.ts'
import { surveyMailbox } from '#shared/moving/mailboxes/survey.ts'
import { memorySource } from '#test/support/memory-source.ts'

const text = 'Subject: x\r\n\r\nx\r\n'

describe('a mailbox that is looked over', () => {
  it('is what would come: folders of others come with the mailboxes they are in', async () => {
    const all = memorySource({
      identity: 'imap:old.example:ann',
      folders: { INBOX: [text, text], 'Other Users/bob': [text] },
    })
    const source: MailSource = {
      ...all,
      folders: async () =>
        (await all.folders()).map((folder) => ({ ...folder, isForeign: folder.names.length > 1 })),
      rights: async () => [{ who: 'bob', of: 'account', rights: 'lr' }],
    }
    expect(await surveyMailbox(source)).toMatchObject({
      folders: [{ path: 'INBOX', messages: 2 }],
      messages: 2,
      sample: { messages: 2 },
      notes: [{ about: 'INBOX', reason: 'rights of bob (lr): not given without --rights' }],
    })
  })
})
