import { describe, expect, it } from 'vitest'
import { isFlag } from '#shared/imap/flag.ts'
import {
  flagsByImap,
  flagsOfLabels,
  keywordOf,
  labelsByImap,
  placeOf,
} from '#shared/moving/mailboxes/mbox/labels.ts'

describe('labels of Gmail by IMAP', () => {
  it('tell what Gmail knows from what people call so', () => {
    // Nobody's "Papierkorb" is the Trash where labels of Gmail have names of the protocol.
    expect(
      labelsByImap(['\\Inbox', '\\STARRED', 'Papierkorb', 'B&APw-cher', 'Tom & Jerry', '\\Muted']),
    ).toEqual({
      known: ['inbox', 'starred'],
      own: ['Papierkorb', 'Bücher', 'Tom & Jerry'],
    })
  })

  it('are the same flags as in Takeout', () => {
    expect(flagsByImap(labelsByImap(['\\Important', '\\Starred']))).toEqual([
      '\\Flagged',
      '$Important',
    ])
    expect(flagsOfLabels(['Wichtig', 'Markiert', 'Geöffnet'])).toEqual([
      '\\Seen',
      '\\Flagged',
      '$Important',
    ])
    expect(placeOf(['Wichtig', 'Archiviert']).names).toEqual(['Archive'])
  })

  it.each([
    ['Work', 'Work'],
    ['Work/2024', 'Work/2024'],
    ['Muy Importante', 'Muy_Importante'],
    ['Bücher', 'B&APw-cher'],
    ['Bu\u0308cher', 'B&APw-cher'],
    ['a(b)c{d}%*"\\]', 'a_b_c_d}_____'],
    ['日本', '&ZeVnLA-'],
  ])('of the name %s are the keyword %s', (label, keyword) => {
    expect(keywordOf(label)).toBe(keyword)
    expect(isFlag(keyword)).toBe(true)
  })
})
