// What a user's script costs at delivery: messages per second into mailboxes with a script of 200 rules beside none, and how long a script of
// 64 KB takes to compile.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { compileScript } from '#shared/sieve/compile.ts'
import { createScriptShelf } from '#shared/sieve/shelf.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import { createPipeline } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { printTable, spread } from './table.ts'

const RULES = 200
const ACCOUNTS = 20
const WARM = 200
const MESSAGES = 1_000
const BATCH = 50
const COMPILED_BYTES = 64 * 1024

export async function benchSieve(rounds: number): Promise<void> {
  const ways = [
    ['no script', undefined],
    ['one rule', rules(1)],
    [`${RULES} rules`, rules(RULES)],
  ] as const
  const measured = new Map<string, number[]>(ways.map(([name]) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, script] of ways) measured.get(name)?.push(await perSecond(script))
  }
  console.log(`messages a second from the spool into ${ACCOUNTS} mailboxes, none filed by a rule:`)
  printTable(
    ['script', 'messages/s'],
    [...measured].map(([name, values]) => [name, spread(values)]),
  )
  const source = Buffer.from(
    rules(2_000)
      .slice(0, COMPILED_BYTES)
      .replace(/\n[^\n]*$/, '\n'),
  )
  const times = Array.from({ length: 20 }, () => {
    const startMs = performance.now()
    const { kind } = compileScript(source, vocabulary)
    if (kind !== 'compiled') throw new Error('the script is refused')
    return performance.now() - startMs
  })
  console.log(`a script of ${source.length} bytes compiles in ${spread(times, 1)} ms`)
}

/** As filters of lists and friends are; none of them holds. */
function rules(count: number): string {
  const all = Array.from({ length: count }, (_, n) => {
    const tests = [
      `header :contains "list-id" "list${n}.example.net"`,
      `address :is "from" "friend${n}@example.org"`,
      `header :matches "subject" "*[project ${n}]*"`,
      `anyof (address :domain :is ["to", "cc"] "d${n}.example.com", size :over ${n + 100}M)`,
    ]
    return `if ${tests[n % tests.length]} { fileinto "Folder ${n}"; stop; }`
  })
  return `require "fileinto";\n${all.join('\n')}\n`
}

async function perSecond(script: string | undefined): Promise<number> {
  const opened = await openEmbedded()
  try {
    const pipeline = createPipeline(opened.store, systemClock)
    const names = Array.from({ length: ACCOUNTS }, (_, n) => `u${n}@example.test`)
    for (const name of names) {
      const { id } = await pipeline.addAccount(name)
      if (script !== undefined) await activate(pipeline, id, script)
    }
    const send = async (from: number, count: number) => {
      for (let n = from; n < from + count; n++) {
        await pipeline.accept(message(n), [names[n % names.length] ?? ''])
      }
      await pipeline.settle()
    }
    await send(0, WARM)
    const startMs = performance.now()
    for (let n = 0; n < MESSAGES; n += BATCH) await send(WARM + n, BATCH)
    return (MESSAGES / (performance.now() - startMs)) * 1_000
  } finally {
    await opened.close()
  }
}

async function activate(
  { backend }: ReturnType<typeof createPipeline>,
  id: AccountId,
  script: string,
): Promise<void> {
  const shelf = createScriptShelf({
    scripts: backend.directory.scripts,
    vocabulary,
    limits: { scriptBytesMax: 256 * 1024, scriptsMax: 0, storageBytesMax: 0 },
  })
  await shelf.put(id, 'filter', Buffer.from(script))
  await shelf.activate(id, 'filter')
}

const message = (n: number) =>
  [
    `Message-ID: <${n}@remote.test>`,
    'From: Somebody Else <somebody@remote.test>',
    'To: One <u1@example.test>, Two <u2@example.test>',
    'Cc: Three <three@remote.test>',
    'Date: Mon, 30 Nov 2026 12:00:00 +0000',
    `Subject: About thing number ${n}`,
    'Received: from a.remote.test by b.remote.test; Mon, 30 Nov 2026 12:00:00 +0000',
    '',
    'line\r\n'.repeat(300),
  ].join('\r\n')
