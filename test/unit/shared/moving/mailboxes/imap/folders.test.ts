import type { ListResponse } from 'imapflow'
import { describe, expect, it } from 'vitest'
import { imapFolders } from '#shared/moving/mailboxes/imap/folders.ts'
import type { SourceNote } from '#shared/moving/mailboxes/source.ts'

function listed(path: string, ...flags: string[]): ListResponse {
  const names = path.split('/')
  return {
    path,
    pathAsListed: path,
    name: names.at(-1) ?? '',
    delimiter: '/',
    parent: names.slice(0, -1),
    parentPath: names.slice(0, -1).join('/'),
    flags: new Set(flags),
    specialUse: undefined,
    listed: true,
    subscribed: false,
  } as unknown as ListResponse
}

describe('folders of an IMAP server', () => {
  it('are foreign below the prefixes of others, and not where a name only begins so', () => {
    const notes: SourceNote[] = []
    const ways = { prefix: '', foreign: ['Other Users/', 'Public'], isGroupware: false }
    const paths = ['INBOX', 'Other Users/bob/Work', 'Public', 'Public/news', 'Publications']
    const found = imapFolders(
      paths.map((path) => listed(path)),
      ways,
      (one) => notes.push(one),
    )
    expect(found.filter(({ isForeign }) => isForeign).map(({ path }) => path)).toEqual([
      'Other Users/bob/Work',
      'Public/news',
    ])
    expect(notes).toEqual([
      {
        about: 'Other Users/ Public',
        reason: '2 folders of others come with their mailboxes, or with --folder',
      },
    ])
  })

  it('have the uses that the server says, announced or not, in the words of XLIST too', () => {
    const ways = { prefix: '', foreign: [], isGroupware: false }
    const found = imapFolders(
      [
        listed('a', '\\HasNoChildren', '\\SENT'),
        listed('b', '\\AllMail'),
        listed('c', '\\Spam', '\\Junk'),
        listed('d', '\\Inbox'),
      ],
      ways,
      () => undefined,
    )
    expect(found.map(({ uses }) => uses)).toEqual([['\\Sent'], ['\\All'], ['\\Junk', '\\Junk'], []])
  })
})
