// `npm run bench -- receipt [words of a case]`: three hundred messages given to Debian's Postfix and to ours; what is answered and what arrives in the
// mailbox, field by field. Every difference has its reason in explained.ts; one without is an error.

import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { printTable } from '../table.ts'
import { type Case, cases } from './cases.ts'
import { compare, type Difference, type Outcome } from './compare.ts'
import { play } from './dialogue.ts'
import { explanation } from './explained.ts'
import { startOurMailer } from './ours.ts'
import { hasPostfix, startPostfix } from './postfix.ts'

/** A server with one mailbox. */
export type Mailer = {
  readonly port: number
  /** Waits until nothing moves any more; what arrived since the last time, and the states of what stays in the queue. */
  take(): Promise<{ readonly messages: readonly string[]; readonly left: readonly string[] }>
  stop(): Promise<void>
}

export async function benchReceipt(...words: readonly (string | undefined)[]): Promise<void> {
  if (!hasPostfix()) {
    console.error('Postfix is not installed (Debian: postfix), or this is not root')
    process.exitCode = 1
    return
  }
  const parent = await mkdtemp(join(tmpdir(), 'postwolke-receipt-'))
  // Postfix's daemons leave root behind and must still reach what is theirs.
  await chmod(parent, 0o755)
  const postfix = await startPostfix(join(parent, 'postfix'))
  const ours = await startOurMailer(join(parent, 'ours'))
  const wanted = words.filter((word) => word !== undefined)
  const chosen = cases.filter(({ group, name }) =>
    wanted.every((word) => `${group}: ${name}`.includes(word)),
  )
  try {
    const rows: string[][] = []
    for (const given of chosen) {
      const differences = compare(await outcome(postfix, given), await outcome(ours, given))
      rows.push(...differences.map((found) => row(given, found)))
      if (differences.length === 0) rows.push([given.group, given.name, 'same', '', '', ''])
    }
    report(rows, chosen.length)
  } finally {
    await ours.stop()
    await postfix.stop()
    await rm(parent, { recursive: true })
  }
}

async function outcome(mailer: Mailer, given: Case): Promise<Outcome> {
  const answers = await play(mailer.port, given)
  return { answers, ...(await mailer.take()) }
}

function row(given: Case, found: Difference): string[] {
  const why = explanation(given, found) ?? 'NOT EXPLAINED'
  return [given.group, given.name, found.at, shown(found.postfix), shown(found.ours), why]
}

const SHOWN_MAX = 60
const shown = (text: string) =>
  text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}… (${text.length})`

function report(rows: readonly string[][], count: number): void {
  const differing = rows.filter(([, , at]) => at !== 'same')
  printTable(['group', 'case', 'where', 'Postfix', 'ours', 'why'], differing)
  const open = differing.filter(([, , , , , why]) => why === 'NOT EXPLAINED')
  const casesOf = (of: readonly string[][]) =>
    new Set(of.map(([group, name]) => `${group} ${name}`)).size
  console.log(
    `${count} cases: ${count - casesOf(differing)} the same, ${casesOf(differing)} differ, ${casesOf(open)} of them without a reason`,
  )
  if (open.length > 0) process.exitCode = 1
}
