// What a .procmailrc becomes, line by line, and what is said of the rest. Whether it does what procmail does is in procmail.test.ts.

import { describe, expect, it } from 'vitest'
import {
  BLOCKS_NESTED_MAX,
  INCLUDES_NESTED_MAX,
  RCFILE_BYTES_MAX,
  STATEMENTS_MAX,
  TESTS_MAX,
  WEIGHTS_MAX,
} from '#shared/sieve/procmail/limits.ts'
import { translateProcmail } from '#shared/sieve/procmail/translate.ts'

const home = 'MAILDIR=$HOME/Mail\nDEFAULT=$MAILDIR/inbox\n'

function translated(text: string, files: Readonly<Record<string, string>> = {}, login?: string) {
  return translateProcmail(text, {
    name: 'rc',
    read: (path) => files[path],
    ...(login !== undefined && { login }),
  })
}

/** Without comments, empty lines and `require`. */
const rules = (text: string, files?: Readonly<Record<string, string>>, login?: string) =>
  translated(text, files, login)
    .script.split('\n')
    .filter((line) => !/^\s*(#|$)|^require /.test(line))
    .join('\n')

const reasons = (text: string, files?: Readonly<Record<string, string>>) =>
  translated(text, files)
    .notes.filter(({ kind }) => kind !== 'ignored')
    .map(({ file, line, kind, reason }) => `${file}:${line} ${kind}: ${reason}`)

/** The test of one condition. */
const testOf = (condition: string, flags = '') =>
  rules(`:0${flags}\n* ${condition}\nx\n`).replace(/^if (.*) \{\n.*$/s, '$1')

describe('a translated recipe', () => {
  it('stands under its line and its source', () => {
    const {
      script,
      translated: count,
      notes,
    } = translated(`${home}\n# friends\n:0:\n* ^From:.*anna@\nfriends\n`)
    expect(script).toBe(
      [
        '# From rc, which procmail read.',
        '',
        'require ["fileinto", "mailbox"];',
        '',
        '# line 5: :0:',
        '#   * ^From:.*anna@',
        '#   friends',
        'if header :contains "from" "anna@" {',
        '  fileinto :create "friends";',
        '  stop;',
        '}',
        '',
      ].join('\n'),
    )
    expect({ count, notes }).toEqual({ count: 1, notes: [] })
  })

  it.each([
    ['^From:.*anna@', 'header :contains "from" "anna@"'],
    ['^From: anna@x\\.example$', 'header :is "from" "anna@x.example"'],
    ['^Subject: \\[dev', 'header :matches "subject" "[dev*"'],
    ['^Subject:.*what\\?$', 'header :matches "subject" "*what\\\\?"'],
    ['^Subject:.*a+b', 'header :regex "subject" "a+b"'],
    ['^(To|Cc):.*me@', 'header :contains ["to", "cc"] "me@"'],
    ['! ^(To|Cc):.*me@', 'not header :contains ["to", "cc"] "me@"'],
    ['^List-Id:', 'exists "list-id"'],
    ['^Subject:[ \t]*$', 'header :is "subject" ""'],
    ['^From.*anna', 'anyof (header :contains "from" "anna", envelope :contains "from" "anna")'],
    ['> 100000', 'size :over 100000'],
    ['< 1000', 'size :under 1000'],
    ['B ?? free money', 'body :raw :contains "free money"'],
  ])('tests %s by %s', (condition, expected) => {
    expect(testOf(condition)).toBe(expected)
  })

  it('tells capitals from small letters with flag D', () => {
    expect(testOf('^Subject:.*Hi', 'D')).toBe(
      'header :comparator "i;octet" :contains "subject" "Hi"',
    )
  })

  it('has no weights', () => {
    expect(rules(':0\n* 1^0 ^A: x\n* 1^0 ^B: y\nx\n')).toContain('if anyof (')
    expect(rules(':0\n* -1^0\n* 1^0 ^A:\n* 1^0 ^B:\n* -1^0 ^C:\nx\n').split(' {')[0]).toBe(
      'if allof (exists "a", exists "b", not exists "c")',
    )
  })
})

describe('a place for mail', () => {
  it.each([
    ['friends', 'fileinto :create "friends"'],
    ['friends/', 'fileinto :create "friends"'],
    ['lists/dev/.', 'fileinto :create "lists/dev"'],
    ['$HOME/Mail/lists/dev', 'fileinto :create "lists/dev"'],
    ['/home/ann/Mail/a', 'fileinto :create "a"'],
    ['$HOME/Maildir/.Lists.dev/', 'fileinto :create "Lists/dev"'],
    ['.Lists.dev/', 'fileinto :create "Lists/dev"'],
    ['INBOX/work', 'fileinto :create "INBOX/work"'],
    ['"two words"', 'fileinto :create "two words"'],
    ['$DEFAULT', 'keep'],
    ['$ORGMAIL', 'keep'],
    ['/var/spool/mail/ann', 'keep'],
    ['/dev/null', 'discard'],
    ['| /usr/lib/dovecot/deliver -m "Old mail"', 'fileinto :create "Old mail"'],
    ['! ann@other.example', 'redirect "ann@other.example"'],
  ])('%s is %s', (action, expected) => {
    expect(rules(`${home}:0\n${action}\n`)).toBe(`${expected};\nstop;`)
  })

  it('goes on behind a copy', () => {
    expect(rules(`:0c\nold\n:0c\n! a@b.example, c@d.example\n`)).toBe(
      'fileinto :copy :create "old";\nredirect :copy "a@b.example";\nredirect :copy "c@d.example";',
    )
  })
})

describe('programs', () => {
  it('that look for mail that was here are duplicate', () => {
    expect(rules(':0 Wh: msgid.lock\n| formail -D 8192 msgid.cache\n')).toBe(
      'if duplicate {\n  discard;\n  stop;\n}',
    )
    expect(rules(':0 Whc: msgid.lock\n| formail -D 8192 msgid.cache\n\n:0 a:\nduplicates\n')).toBe(
      'if duplicate {\n  fileinto :create "duplicates";\n  stop;\n}',
    )
  })

  const away = (text: string) =>
    `:0 Whc: v.lock\n* $^To:.*$\\LOGNAME@\n* !^FROM_DAEMON\n| formail -rD 8192 v.cache\n\n  :0 ehc\n  | (formail -rI"Precedence: junk" ; \\\n     ${text}) | $SENDMAIL -oi -t\n`
  it('that answer are vacation', () => {
    expect(rules(away('echo "I am away."; echo "Until May."'), {}, 'ann.b')).toBe(
      'if header :contains "to" "ann.b@" {\n  vacation "I am away.\nUntil May.";\n}',
    )
    expect(rules(away('cat $HOME/away'), { '~/away': 'Away\n' }, 'ann')).toContain(
      'vacation "Away";',
    )
    expect(
      rules(':0c\n| /usr/bin/vacation ann\n', { '~/.vacation.msg': 'Subject: Away\n\nGone\n' }),
    ).toBe('vacation :subject "Away" "Gone";')
  })

  it('are else left out, and their mail goes on', () => {
    const text = ':0\n* ^From:.*a@\n| /usr/local/bin/tool -x\n'
    expect(rules(text)).toBe('')
    expect(reasons(text)).toEqual(['rc:1 left-out: it gives the mail to the program tool'])
  })
})

it('includes what it may read, and says the file of each line', () => {
  const files = { '~/Mail/lists.rc': ':0\n* ^List-Id:\nlists\n:0\n* ? test -f x\ny\n' }
  const text = `${home}INCLUDERC=lists.rc\nINCLUDERC=/etc/other\n`
  expect(rules(text, files)).toBe('if exists "list-id" {\n  fileinto :create "lists";\n  stop;\n}')
  expect(reasons(text, files)).toEqual([
    'lists.rc:4 left-out: it asks a program',
    'rc:4 left-out: /etc/other cannot be read',
  ])
})

describe('what is left out', () => {
  it.each([
    ['* ? test -f x\nx', 'it asks a program'],
    ['* ^^From\nx', '^^ has no like in Sieve'],
    ['* ^Subject:.*=\\?iso-2022-kr\nx', 'encoded words are decoded before Sieve compares them'],
    ['* ^Subject: (a\nx', 'its pattern has a ( without a )'],
    ['* ^Subject: a$^From: b\nx', 'its pattern goes over several lines'],
    [
      '* 1^1 ^A:\n* -1^0 ^B:\nx',
      'weights that count how often something is found cannot be expressed',
    ],
    ['* -1^0\n* 2^1 > 100\nx', 'a weight that depends on the size cannot be expressed'],
    ['! ann', 'ann is no whole address'],
    ['$LOGNAME', '$LOGNAME is not known: --login says it'],
    ['`date`', 'it needs what a program prints (`…`)'],
    ['../x', 'its folder is outside of the mail home'],
    ['* ^Subject:.*\u001b\nx', 'it has control characters'],
    ['h\nx', 'it takes only the header of the mail'],
    ['fw\n| sed s/a/b/', 'it changes the mail with the program sed'],
    ['e\nx', 'it is for when a program fails'],
  ])('%s: %s', (recipe, reason) => {
    const head = /^[a-z]+\n/.test(recipe) ? `:0${recipe}` : `:0\n${recipe}`
    expect(reasons(`${head}\n`)).toEqual([`rc:1 left-out: ${reason}`])
    expect(rules(`${head}\n`)).toBe('')
  })

  it('takes with it what hangs on it', () => {
    const text = ':0c\n* ? false\na\n\n:0A\nb\n\n:0E\nc\n\n:0\n* ? false\n{\n :0\n d\n}\n\n:0\ne\n'
    expect(rules(text)).toBe('fileinto :create "e";\nstop;')
    expect(reasons(text)).toEqual([
      'rc:1 left-out: it asks a program',
      'rc:5 left-out: the recipe that it hangs on is left out',
      'rc:8 left-out: the recipe that it hangs on is left out',
      'rc:11 left-out: it asks a program (with 1 recipes in its block)',
    ])
  })

  it.each([
    ['}', 'a } without a block'],
    [':0\n* ^A:', 'a recipe without an action'],
    [':0\n{\n:0\nx\n', 'the block has no end'],
    ['?', 'neither a recipe nor an assignment: ?'],
  ])('is what is no rcfile: %j', (text, reason) => {
    expect(reasons(text).join()).toContain(reason)
  })

  it('is never a reason to stop: any bytes are read to the end', () => {
    const words = [
      ':0',
      '\n',
      '* ',
      '^',
      '(',
      ')',
      '[',
      ']',
      '\\',
      '$',
      '{ ',
      '}',
      '"',
      "'",
      '`',
      '!',
    ]
    let seed = 7
    for (let round = 0; round < 2_000; round++) {
      let text = ''
      for (let i = 0; i < 30; i++) {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
        text += words[(seed >> 8) % words.length] ?? ''
      }
      expect(() => translated(text)).not.toThrow()
    }
  })
})

describe('limits', () => {
  const nested = (depth: number) => `${':0\n{\n'.repeat(depth)}:0\nx\n${'}\n'.repeat(depth)}`
  it('of blocks in blocks', () => {
    expect(reasons(nested(BLOCKS_NESTED_MAX))).toEqual([])
    expect(reasons(nested(BLOCKS_NESTED_MAX + 1)).join()).toContain('blocks in blocks')
  })

  it('of statements, bytes and files in files', () => {
    expect(reasons('A=b\n'.repeat(STATEMENTS_MAX))).toEqual([])
    expect(reasons('A=b\n'.repeat(STATEMENTS_MAX + 1)).join()).toContain('statements')
    expect(reasons(`#${' '.repeat(RCFILE_BYTES_MAX)}`).join()).toContain('bytes')
    const itself = { '~/rc': 'INCLUDERC=rc\n' }
    expect(reasons('INCLUDERC=rc\n', itself)).toEqual([
      `rc:1 left-out: more than ${INCLUDES_NESTED_MAX} files in files`,
    ])
  })

  it('of tests that one rule has', () => {
    const most = `:0\n${'* ^A:\n'.repeat(TESTS_MAX)}`
    expect(reasons(`${most}a\n`)).toEqual([])
    expect(reasons(`${most}* ^A:\na\n`)).toEqual([
      `rc:1 left-out: it needs more than ${TESTS_MAX} tests`,
    ])
  })

  it('of weights', () => {
    const weighted = (count: number) => `:0\n* -1^0\n${'* 1^0 ^A:\n'.repeat(count)}x\n`
    expect(reasons(weighted(WEIGHTS_MAX))).toEqual([])
    expect(reasons(weighted(WEIGHTS_MAX + 1)).join()).toContain('conditions with weights')
  })
})
