import { describe, expect, it } from 'vitest'
import { rightByImap, rightInFile } from '#shared/moving/mailboxes/rights-there.ts'

const isOwner = (name: string) => name === 'ann@example.org'

describe('rights as other servers tell them by IMAP', () => {
  it.each([
    // RFC 4314 §2, with Cyrus's `n` and RFC 2086's letters.
    ['bob@example.org', 'lrswipkxtecdan', 'bob@example.org account lrswipkxtecda'],
    ['-bob', 'w', '-bob account w'],
    ['anyone', 'lr', 'anyone everyone lr'],
    ['-anyone', 'r', '-anyone everyone r'],
    // Cyrus, and Dovecot.
    ['group:staff', 'lr', 'group:staff group lr'],
    ['$staff', 'lr', '$staff group lr'],
  ])('%s %s', (identifier, rights, told) => {
    const right = rightByImap(identifier, rights, isOwner)
    expect(right && `${right.who} ${right.of} ${right.rights}`).toBe(told)
  })

  it.each([
    ['the owner', 'ann@example.org', 'lrs'],
    ["Dovecot's name for him", '#owner', 'lrs'],
    ['delivery by anybody', 'anyone', 'p'],
    ['no right that there is here', 'bob', 'n0'],
    ['nobody', '', 'lr'],
  ])('leave out %s', (_, identifier, rights) => {
    expect(rightByImap(identifier, rights, isOwner)).toBeUndefined()
  })
})

describe("rights in Dovecot's files", () => {
  it.each([
    ['user=bob@example.org lrs', 'bob@example.org account lrs'],
    ['user=bob lr:named', 'bob account lr'],
    ['"user=bob \\"the\\" builder" lr', 'bob "the" builder account lr'],
    ['-user=bob w', '-bob account w'],
    ['anyone lr', 'anyone everyone lr'],
    ['authenticated l', 'authenticated everyone l'],
    ['group=staff lr', 'group=staff group lr'],
    ['group-override=staff lr', 'group-override=staff group lr'],
  ])('%s', (line, told) => {
    const right = rightInFile(line)
    expect(right && `${right.who} ${right.of} ${right.rights}`).toBe(told)
  })

  it.each(['', '# comment', 'owner lrwstipekxa', 'user= lr', 'user=bob', 'user=bob p', 'rubbish'])(
    'leave out %j',
    (line) => expect(rightInFile(line)).toBeUndefined(),
  )

  it('are read in linear time', () => {
    expect(rightInFile(`"${'\\'.repeat(1_000_001)} lr`)).toBeUndefined()
    expect(rightInFile(`user=${'='.repeat(1_000_000)} ${'l'.repeat(1_000_000)}`)?.rights).toBe('l')
  })
})
