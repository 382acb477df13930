// Translated recipes beside procmail itself: the same mail goes into the same folders. One procmail for a message goes through all recipes of
// a table, each of which files a copy.

import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { translateProcmail } from '#shared/sieve/procmail/translate.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { outcome } from '#test/support/sieve.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const mail: readonly { readonly from: string; readonly text: string }[] = [
  {
    from: 'anna@friends.example',
    text: 'From: Anna <anna@friends.example>\nTo: me@home.example\nSubject: Dinner\n\nSee you\n',
  },
  {
    from: 'bert@friends.example',
    text: 'From: bert@FRIENDS.example (Bert)\nTo: me@home.example\nSubject: Re: dinner at 8\n\nYes\nunsubscribe here\n',
  },
  {
    from: 'boss@corp.example',
    text: 'From: "The Boss" <boss@corp.example>\nTo: all@corp.example\nCc: other@corp.example,\n\twork@corp.example\nSubject: [URGENT] numbers\nX-Priority: 1\n\nWhere are they?\n',
  },
  {
    from: 'boss@corp.example',
    text: 'From: boss@corp.example\nTo: homework@corp.example\nSubject: numbers\n\nunsubscribe\n',
  },
  {
    from: 'dev-bounces@lists.example',
    text: 'From: Somebody <some@body.example>\nTo: dev@lists.example\nSubject: [dev] patch (2/3)\nList-Id: Development <dev.lists.example>\nPrecedence: list\nSender: dev-bounces@lists.example\n\nA patch\n',
  },
  {
    from: 'announce-owner@lists.example',
    text: 'From: News <news@lists.example>\nTo: announce@lists.example\nSubject: News\nX-Mailing-List: <announce@lists.example> archive/latest/12\n\nNews\n',
  },
  {
    from: 'x@spam.example',
    text: 'From: Rich <x@spam.example>\nTo: undisclosed-recipients:;\nSubject: Make $$$ FAST!!! free money\n\nVIAGRA and more\n',
  },
  {
    from: 'y@spam.example',
    text: 'From: y@spam.example\nTo: me@home.example\nSubject: ADV: pills\nX-Spam-Status: Yes, score=12\nX-Spam-Level: ******\n\nbuy\n',
  },
  {
    from: 'MAILER-DAEMON',
    text: 'From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>\nTo: me@home.example\nSubject: Undelivered Mail Returned to Sender\n\nIt bounced\n',
  },
  {
    from: 'root@mx.example',
    text: 'From: root@mx.example (Cron Daemon)\nTo: root@mx.example\nSubject: Cron <root@mx> backup\n\nok\n',
  },
  { from: 'z@none.example', text: 'From: z@none.example\nTo: me@home.example\n\nNo subject\n' },
  {
    from: 'z@none.example',
    text: `From: z@none.example\nTo: me+tag@home.example\nSubject:\nX-Loop: me@home.example\n\n${'long\n'.repeat(500)}`,
  },
]

/** Conditions of a recipe each, a line or several. */
const conditions: readonly string[] = [
  // What a field has.
  '* ^From:.*anna@friends\\.example',
  '* ^From:.*(anna|bert)@friends\\.example',
  '* ^From: Anna',
  '* ^From:.*friends',
  '* ^From.*friends',
  '* ^From[ \t]',
  '* ^FROM: ANNA',
  '* ^Subject: Re:',
  '* ^Subject: (Re|ADV):',
  '* ^Subject:.*\\[dev\\]',
  '* ^Subject:.*\\[(dev|urgent)\\]',
  '* ^Subject:.*numbers$',
  '* ^Subject: numbers$',
  '* ^Subject:[ \t]*$',
  '* ^Subject:',
  '* !^Subject:',
  '* ^Subject:.*\\$\\$\\$',
  '* ^Subject:.*!!+',
  '* ^Subject:.*[0-9]/[0-9]',
  '* ^Subject:.*pa.ch',
  '* ^Subject:.*dinner.*8',
  '* ^Subject:.*\\<at\\>',
  '* ^Subject:.*{',
  '* ^[Ss]ubject:.*news',
  '* ^(To|Cc):.*work@',
  '* ^(To|Cc).*work@',
  '* ^(Resent-)?(To|Cc):.*corp',
  '* ^(From:.*anna|Subject:.*news)',
  '* (^From:.*anna|^Subject:.*news)',
  '* ^From:.*anna|^Subject:.*news',
  '* ^X-Mailing-List: <announce@lists.example>',
  '* ^List-Id:.*<dev\\.lists\\.example>',
  '* ^List-',
  '* ^(List-Id|X-Mailing-List):',
  '* ^X-Spam-Level: \\*\\*\\*\\*\\*',
  '* ^X-Spam-Status: Yes',
  '* ^X-Priority: +[12]',
  '* ^Sender:.*-bounces@',
  // Words for sets of fields.
  '* ^TO_work@corp.example',
  '* ^TO_me@home',
  '* ^TOwork',
  '* ^TO_all@corp\\.example',
  '* ^FROM_DAEMON',
  '* ^FROM_MAILER',
  '* !^FROM_DAEMON',
  // Without a field.
  '* friends\\.example',
  '* Subject: News',
  // Case.
  'D\n* ^Subject:.*Dinner',
  'D\n* ^Subject:.*dinner',
  // Sizes.
  '* H ?? ^Subject: News',
  '* > 1000',
  '* < 1000\n* ^Subject:',
  // Several, and weights.
  '* ^From:.*corp\n* !^Subject:.*urgent',
  '* 1^0 ^From:.*anna\n* 1^0 ^From:.*bert',
  '* -1^0\n* 1^0 ^From:.*corp\n* 1^0 ^Subject:.*urgent',
  '* -2^0 ^Subject:.*urgent\n* 1^0 ^From:.*corp',
  '* 1^0 ! ^Subject:\n* 1^1 ^X-Loop:',
  '* 9876543210^0 ^From:.*anna\n* 9876543210^0 ^From:.*boss',
]

/** Of bodies. */
const bodyConditions: readonly string[] = [
  'B\n* unsubscribe',
  'B\n* ^unsubscribe',
  'B\n* ^unsubscribe$',
  'B\n* viagra',
  'HB\n* viagra|^Subject: News',
  '* B ?? See.you',
]

const recipe = (condition: string, folder: string, flags = '') =>
  `:0${flags}${condition.startsWith('*') ? '\n' : ''}${condition}\n${folder}\n`

const mailboxFiles: readonly string[] = ['friends', 'spam']

const hasRegex = vocabulary.extensions.has('regex')
const hasBody = hasRegex && vocabulary.extensions.has('body')

describe.skipIf(!isInstalled('procmail'))('a translated .procmailrc', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  beforeAll(async () => {
    folder = await temporaryFolder()
  })
  afterAll(async () => {
    await folder[Symbol.asyncDispose]()
  })

  /** Names of the folders that procmail files a message into; of mailbox files and Maildirs. */
  async function filed(recipes: string, { from, text }: (typeof mail)[number]): Promise<string[]> {
    const home = join(folder.path, 'home')
    await rm(home, { recursive: true, force: true })
    // It makes no folders but the last one of a path.
    for (const name of ['lists', 'tags', 'work']) {
      await mkdir(join(home, 'Mail', name), { recursive: true })
    }
    // Before it begins a mailbox file it waits a second.
    for (const name of mailboxFiles) await writeFile(join(home, 'Mail', name), '\n')
    await rm(join(folder.path, 'log'), { force: true })
    const rcfile = join(folder.path, 'rc')
    await writeFile(rcfile, `HOME=${home}\nLOGFILE=${folder.path}/log\n${recipes}`)
    const input = `From ${from} Mon Nov 30 10:00:00 2026\n${text}`
    const ended = await runProgram('procmail', [rcfile], { input, folder: home })
    expect(ended).toMatchObject({ code: 0 })
    return (await placesIn(join(home, 'Mail'), '')).toSorted()
  }

  async function placesIn(path: string, name: string): Promise<string[]> {
    const found: string[] = []
    for (const entry of await readdir(path)) {
      const inside = join(path, entry)
      const its = name === '' ? entry : `${name}/${entry}`
      const facts = await stat(inside)
      if (facts.isFile()) found.push(...(facts.size > 1 ? [its] : []))
      else if ((await readdir(inside)).includes('new')) found.push(its)
      else found.push(...(await placesIn(inside, its)))
    }
    return found
  }

  async function sorted(recipes: string, { from, text }: (typeof mail)[number]): Promise<string[]> {
    const { script, notes } = translateProcmail(recipes, { name: 'rc', read: () => undefined })
    expect(notes.filter(({ kind }) => kind === 'left-out')).toEqual([])
    const did = await outcome(script, {
      message: text,
      envelope: { from: from.includes('@') ? from : '' },
      limits: { actions: 1000, steps: 10_000_000 },
    })
    return [...new Set(did)]
      .filter((action) => action !== 'discard')
      .map((action) => (action === 'keep' ? 'inbox' : action.replace(/^fileinto /, '')))
      .toSorted()
  }

  const head = 'MAILDIR=$HOME/Mail\nDEFAULT=$MAILDIR/inbox/\n'

  const tables = [
    ['headers', conditions, hasRegex],
    ['bodies', bodyConditions, hasBody],
  ] as const
  it.for(tables)('finds what procmail finds: %s', async ([, table, isTestable], context) => {
    if (!isTestable) context.skip()
    // Here each files a copy; there each writes a word into the log, which is quicker than a file.
    const recipes = table.map((each, i) => recipe(each, `n${i}/`, 'c')).join('\n')
    const logging = table.map((each, i) => recipe(each, `{ LOG="n${i} " }`)).join('\n')
    const differing: string[] = []
    for (const [i, message] of mail.entries()) {
      await filed(`LOGABSTRACT=no\n${logging}\n:0\n/dev/null\n`, message)
      const there = new Set((await readFile(join(folder.path, 'log'), 'utf8')).split(' '))
      const here = new Set(await sorted(head + recipes, message))
      for (const [n, condition] of table.entries()) {
        if (there.has(`n${n}`) === here.has(`n${n}`)) continue
        differing.push(`${condition}: message ${i} ${there.has(`n${n}`) ? 'not ' : ''}found here`)
      }
    }
    expect(differing).toEqual([])
  })

  // Friends by who they are, work by whom it is to, lists by what they say of themselves, spam by its words, in a home for mail.
  const five = `${head}LOGFILE=$HOME/log
:0:
* ^From:.*(anna|bert)@friends\\.example
friends

:0:
* ^(To|Cc):.*@corp\\.example
work/

:0
* ^List-Id:.*<dev\\.lists\\.example>
lists/dev/

:0
* ^X-Mailing-List:.*announce@lists\\.example
lists/announce/

:0:
* ^Subject:.*(\\$\\$\\$|ADV:|viagra)
spam
`

  const whole: readonly (readonly [string, string, needsRegex?: boolean])[] = [
    ['five recipes and a mail home', five],
    [
      'else, also, and copies',
      `${head}:0c\n* ^From:.*corp\na/\n\n:0E\n* ^To:.*me@\nb/\n\n:0E\nc/\n\n:0c\n* ^Subject:.*numbers\nd/\n\n:0A\n* ^Cc:\ne/\n\n:0c\nf/\n\n:0A:\n/dev/null\n`,
    ],
    [
      'else behind also',
      `${head}:0c\n* ^From:.*corp\na/\n\n:0Ac\n* ^Cc:\nb/\n\n:0E\nc/\n\n:0a\nd/\n`,
    ],
    [
      'also behind else',
      `${head}:0c\n* ^From:.*corp\na/\n\n:0Ec\n* ^To:.*me@\nb/\n\n:0Ac\nc/\n\n:0Ec\nd/\n\n:0E\ne/\n`,
    ],
    [
      'blocks and variables',
      `${head}:0\n* ^From:.*corp\n{\n  KIND=work\n  :0c\n  copies/\n\n  :0\n  * ^Cc:\n  { PART = "/cc" }\n}\n:0E\n{ KIND=other }\n\n:0\n* KIND ?? ^other$\nrest/\n\n:0\n$KIND$PART/\n`,
    ],
    [
      'what a pattern took out of the mail',
      `${head}:0\n* ^Subject:.*\\[\\/[a-z]+\nsubject-$MATCH/\n\n:0\n* ^X-Loop:\n* ^To: [a-z]*\\+\\/[^@]+\n{\n  TAG=$MATCH\n  :0\n  tags/$TAG/\n}\n`,
      true,
    ],
    [
      'a copy by a block',
      `${head}:0c\n* ^From:.*corp\n{\n  :0c\n  * ^Cc:\n  a/\n\n  :0\n  b/\n}\n`,
    ],
  ]
  it.for(whole)('files mail where procmail does: %s', async ([, recipes, needsRegex], context) => {
    if (needsRegex && !hasRegex) context.skip()
    const there: string[][] = []
    const here: string[][] = []
    for (const message of mail) {
      there.push(await filed(recipes, message))
      here.push(await sorted(recipes, message))
    }
    expect(here).toEqual(there)
  })

  it.skipIf(!isInstalled('sievec'))('is right for other compilers too', async () => {
    const recipes = [...conditions, ...bodyConditions].map((each) => recipe(each, 'folder'))
    const all = [recipes.join('\n'), ...whole.map(([, text]) => text)]
    for (const [i, text] of all.entries()) {
      const { script } = translateProcmail(text, { name: 'rc', read: () => undefined })
      const file = join(folder.path, `${i}.sieve`)
      await writeFile(file, script)
      const ended = await runProgram('sievec', [file, join(folder.path, 'out.svbin')])
      expect({ ...ended, script: await readFile(file, 'utf8') }).toMatchObject({ code: 0 })
    }
  })
})
