// One message to a hundred accounts here: what it costs, and how many transactions get in each other's way and are cancelled, which
// is paid like what succeeds.

import { linesOf, type Part, printLines } from './report.ts'
import type { Stage } from './stage.ts'
import { openSystem } from './system.ts'

const RECIPIENTS = 100

const parts: readonly Part[] = [
  { name: 'reservation', has: ({ call }) => call === 'UpdateItem mail B' },
  { name: 'deliveries', has: ({ call }) => call.startsWith('TransactWriteItems mail') },
]

export async function benchFanOut(stage: Stage): Promise<void> {
  const { meter, overlaps } = stage
  const system = await openSystem(stage, [])
  // Others than those that got mail before.
  const addresses = await system.addAccounts(RECIPIENTS, 'f')
  for (const inbox of system.inboxes) await inbox()
  await meter.clear()
  const before = overlaps.cancelled
  await system.send([addresses])
  await system.work('incoming', 1)
  await meter.settle()
  await system.close()
  console.log(`\nA million messages to ${RECIPIENTS} accounts each: dollars`)
  printLines([{ name: 'dollars', lines: linesOf(meter.entries, parts, 1) }], 0)
  console.log(`transactions cancelled for one of them: ${overlaps.cancelled - before}`)
}
