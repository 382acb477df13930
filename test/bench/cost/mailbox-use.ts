// What IMAP commands cost: an IMAP listener on the AWS drivers, one client, each command counted on its own. Compute is the
// task's and not counted.

import { systemClock } from '#shared/runtime/clock.ts'
import { startImapServer } from '#test/support/imap-server.ts'
import { BenchClient } from '../imap-client.ts'
import { printTable } from '../table.ts'
import { SETUP } from './meter.ts'
import { MILLION, money, units } from './report.ts'
import type { Stage } from './stage.ts'
import { typicalMessage } from './typical-message.ts'
import { dollars, scaled, type Usage } from './usage.ts'

const MESSAGE_BYTES = 51_200
const LARGE = 10_000
const FOLDERS = 20
/** A folder that is watched for so long is registered (shared/storage/aws/signals.ts). */
const REGISTERED_MS = 1_500
/** Hints leave after the answer of a command; they cost too. */
const SETTLE_MS = 40
const APPENDED_TOGETHER = 45

type Step = {
  readonly name: string
  readonly commands: readonly (string | Buffer)[]
  /** Messages or commands that the cost is divided by; default: commands. */
  readonly by?: number
  /** Dollars for a million in the price model. */
  readonly planned?: number
  /** Done before, and not counted. */
  readonly before?: readonly (string | Buffer)[]
}

const append = (folder: string, n: number): Buffer => {
  const message = typicalMessage(n, MESSAGE_BYTES)
  return Buffer.concat([Buffer.from(`APPEND ${folder} {${message.length}+}\r\n`), message])
}
const many = <T>(count: number, of: (n: number) => T) =>
  Array.from({ length: count }, (_, n) => of(n))
const headers = '(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)'

const steps: readonly Step[] = [
  { name: 'APPEND 50 KB', planned: 10.8, commands: many(20, (n) => append('Work', n)) },
  { name: 'SELECT, folder unknown to the task, 100 messages', commands: ['SELECT Work'] },
  { name: 'SELECT, folder known', planned: 0.13, commands: many(5, () => 'SELECT Work') },
  { name: 'NOOP', planned: 0.13, commands: many(10, () => 'NOOP') },
  { name: 'FETCH headers of 20 new messages', planned: 1.3, commands: [`FETCH 1:20 ${headers}`] },
  { name: 'the same again', commands: [`FETCH 1:20 ${headers}`] },
  { name: 'FETCH body', commands: many(10, (n) => `FETCH ${n + 1} BODY.PEEK[]`) },
  { name: 'STORE one', planned: 3.8, commands: many(10, (n) => `STORE ${n + 1} +FLAGS (\\Seen)`) },
  {
    name: 'STORE 98, each message',
    planned: 1.3,
    by: 98,
    commands: ['STORE 1:98 +FLAGS (\\Flagged)'],
  },
  { name: 'COPY one', planned: 5.1, commands: many(10, (n) => `COPY ${n + 1} Other`) },
  { name: 'MOVE one', planned: 7.6, commands: many(10, () => 'MOVE 1 Other') },
  { name: 'MOVE 30, each message', by: 30, commands: ['MOVE 1:30 Other'] },
  {
    name: 'EXPUNGE one',
    planned: 5,
    before: ['STORE 1:40 +FLAGS.SILENT (\\Deleted)'],
    commands: many(10, (n) => `UID EXPUNGE ${n + 41}`),
  },
  { name: 'EXPUNGE 30, each message', by: 30, commands: ['EXPUNGE'] },
  {
    name: `LIST and STATUS of ${FOLDERS} folders`,
    planned: 0.13,
    commands: many(5, () => 'LIST "" "*" RETURN (STATUS (MESSAGES UNSEEN UIDNEXT))'),
  },
  { name: 'STATUS of one folder', commands: many(5, () => 'STATUS Other (MESSAGES UNSEEN)') },
  { name: `SELECT, unknown, ${LARGE} messages`, planned: 38, commands: ['SELECT Large'] },
  { name: `FETCH 1:* FLAGS, ${LARGE} messages`, commands: ['FETCH 1:* (FLAGS)'] },
  { name: 'RENAME', planned: 3.9, before: ['SELECT Work'], commands: ['RENAME Other Another'] },
]

export async function benchMailboxUse(stage: Stage): Promise<void> {
  const { meter } = stage
  meter.operation = SETUP
  const task = await stage.openTask()
  const server = await startImapServer({ store: task.store })
  const watching = await meter.run('IDLE: told of a change', async () => {
    const { store } = await stage.openTask()
    return startImapServer({ store })
  })
  const client = await BenchClient.open(server.port)
  const idler = await meter.run('IDLE: told of a change', () => BenchClient.open(watching.port))
  const rows: string[][] = []
  const settled = async () => {
    await systemClock.sleep(SETTLE_MS)
    await task.store.hintsSent()
    await meter.settle()
  }
  const count = async (name: string, work: () => Promise<unknown>): Promise<Usage> => {
    await settled()
    await meter.clear()
    meter.operation = name
    await work()
    await settled()
    meter.operation = SETUP
    return meter.of(name)
  }
  const show = (name: string, usage: Usage, planned?: number) =>
    rows.push([name, units(usage), money(dollars(usage) * MILLION), money(planned)])

  await client.ok('LOGIN bench secret')
  for (const name of ['Work', 'Other', 'Large']) await client.ok(`CREATE ${name}`)
  const made = await server.mailbox.folders.list(server.accountId('bench@example.test'))
  for (let n = made.length; n < FOLDERS; n++) await client.ok(`CREATE folder-${n}`)
  await fillLarge(server)
  // The first watch of a task also makes its queue.
  await client.ok('SELECT INBOX')
  await systemClock.sleep(REGISTERED_MS)
  for (let n = 100; n < 180; n++) await client.ok(append('Work', n))
  for (const { name, commands, by = commands.length, planned, before = [] } of steps) {
    for (const command of before) await client.ok(command)
    const usage = await count(name, async () => {
      for (const command of commands) await client.ok(command)
    })
    show(name, scaled(usage, 1 / by), planned)
  }

  await idler.ok('LOGIN bench secret')
  await idler.ok('SELECT Large')
  await idler.idle()
  await systemClock.sleep(REGISTERED_MS)
  await client.ok('SELECT Large')
  let hint: Usage = {}
  const changed = await count('STORE one, another task is told', async () => {
    await client.ok('STORE 1 +FLAGS.SILENT (\\Seen)')
    await systemClock.sleep(10 * SETTLE_MS)
    hint = meter.of('IDLE: told of a change')
  })
  show('STORE one, another task watches', changed)
  show('IDLE in that task: told of a change', hint)
  client.close()
  idler.close()
  await server.stop()
  await watching.stop()

  console.log('\nIMAP: units of one operation, and dollars for a million of them')
  printTable(['operation', 'units', '$ per million', 'planned'], rows)
}

/** With small messages: only their folder is read. */
async function fillLarge(server: Awaited<ReturnType<typeof startImapServer>>): Promise<void> {
  const folders = await server.mailbox.folders.list(server.accountId('bench@example.test'))
  const folder = folders.find(({ name }) => name === 'Large')
  if (folder === undefined) throw new Error('no folder')
  const text = 'Subject: one of many\r\n\r\ntext\r\n'
  for (let n = 0; n < LARGE; n += APPENDED_TOGETHER) {
    const together = Math.min(APPENDED_TOGETHER, LARGE - n)
    await Promise.all(many(together, () => server.seed(folder, text)))
  }
}
