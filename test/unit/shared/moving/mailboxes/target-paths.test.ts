import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { namesOf } from '#shared/mailbox/folder-path.ts'
import { targetPaths } from '#shared/moving/mailboxes/target-paths.ts'

const folder = (path: string, ...uses: string[]) => ({
  names: path.split('/'),
  uses,
  selectable: true,
})
const ours: { readonly [use: string]: string } = {
  '\\Sent': 'Sent',
  '\\Trash': 'Trash',
  '\\Drafts': 'Drafts',
}
const pathsOf = (...folders: ReturnType<typeof folder>[]) =>
  targetPaths(folders, (use) => ours[use]).map(({ folder: { names }, path, uses }) =>
    `${names.join('/')} > ${path} ${uses.join(' ')}`.trimEnd(),
  )

describe('where folders go', () => {
  it('goes by special uses first, then by usual names, then by their own', () => {
    expect(
      pathsOf(
        folder('INBOX'),
        folder('Gesendete Elemente', '\\Sent'),
        folder('Sent'),
        folder('Deleted Items'),
        folder('Work/2024'),
      ),
    ).toEqual([
      'INBOX > INBOX',
      'Gesendete Elemente > Sent',
      // Another one has the use: this is a folder by that name.
      'Sent > Sent',
      'Deleted Items > Trash',
      'Work/2024 > Work/2024',
    ])
  })

  it('keeps below a folder what is below it', () => {
    expect(
      pathsOf(folder('Sent Items/2020/May'), folder('Sent Items'), folder('Sent Items/2020')),
    ).toEqual([
      'Sent Items > Sent',
      'Sent Items/2020 > Sent/2020',
      'Sent Items/2020/May > Sent/2020/May',
    ])
  })

  it('gives a use to the folder that has it there, where none has it here', () => {
    expect(pathsOf(folder('Spamverdacht', '\\Junk'), folder('Old spam', '\\Junk'))).toEqual([
      'Spamverdacht > Spamverdacht \\Junk',
      'Old spam > Old spam',
    ])
  })

  it('does not take a folder below INBOX, or INBOX itself, for one of a use', () => {
    expect(pathsOf(folder('INBOX/Sent'), folder('inbox', '\\Sent'))).toEqual([
      'inbox > INBOX',
      'INBOX/Sent > INBOX/Sent',
    ])
  })

  it('makes a path that can be one of any names, another one for each', () => {
    const name = fc.string({ minLength: 1, maxLength: 400, unit: 'binary' })
    const names = fc.array(name, { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(names, (path) => {
        const [target] = targetPaths([{ names: path, uses: [], selectable: true }], () => undefined)
        expect(namesOf(target?.path ?? '')).toBeDefined()
      }),
    )
    const long = targetPaths(
      [folder('x'.repeat(300)), folder(`${'x'.repeat(299)}y`)],
      () => undefined,
    )
    expect(new Set(long.map(({ path }) => path)).size).toBe(2)
    expect(long.every(({ renamed }) => renamed)).toBe(true)
  })
})
