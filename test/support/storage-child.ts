// A second process on a data folder, for tests: does one task and reports by messages. Started by `startChild`.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { ConditionFailed, Conflict, type Store } from '#shared/storage/ports.ts'
import { mailboxOn, message } from './mailbox.ts'

export type Task =
  /** Writers transact without end; every acknowledged step is reported. */
  | { readonly kind: 'load'; readonly prefix: string; readonly writers: number }
  /** Increments a counter under a condition on its old value, so many times. */
  | { readonly kind: 'increment'; readonly pk: string; readonly times: number }
  | { readonly kind: 'objects'; readonly prefix: string }
  | { readonly kind: 'send'; readonly bodies: readonly string[] }
  | { readonly kind: 'receive'; readonly waitSeconds: number }
  | { readonly kind: 'publish'; readonly topic: string; readonly hint: string }
  | { readonly kind: 'subscribe'; readonly topic: string }
  /** Appends a message to the account's INBOX, as another process that delivers would. */
  | { readonly kind: 'append'; readonly account: AccountId; readonly blob: string }

export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done' }
  | { readonly kind: 'acknowledged'; readonly writer: number; readonly step: number }
  | { readonly kind: 'heard'; readonly text: string }

function report(message: Report): void {
  process.send?.(message)
}

async function load(store: Store, { prefix, writers }: Task & { kind: 'load' }): Promise<void> {
  const work = async (writer: number) => {
    const pk = `${prefix}${writer}`
    for (let step = 1; ; step += 1) {
      await store.tables.mail.transact([
        { update: { pk, sk: 'counter' }, changes: { add: { n: 1 } } },
        { put: { pk, sk: `a${stepName(step)}`, step }, if: { absent: 'pk' } },
        { put: { pk, sk: `b${stepName(step)}`, step, filler: 'x'.repeat(500) } },
      ])
      report({ kind: 'acknowledged', writer, step })
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, writer) => work(writer)))
}

export function stepName(step: number): string {
  return String(step).padStart(8, '0')
}

async function objects(store: Store, { prefix }: Task & { kind: 'objects' }): Promise<void> {
  for (let step = 1; ; step += 1) {
    const size = step % 2 === 0 ? 1_000 : 80_000
    await store.objects.put(`${prefix}/${stepName(step)}`, new Uint8Array(size).fill(step))
    report({ kind: 'acknowledged', writer: 0, step })
  }
}

async function increment(store: Store, { pk, times }: Task & { kind: 'increment' }): Promise<void> {
  const table = store.tables.mail
  const key = { pk, sk: 'counter' }
  for (let done = 0; done < times; ) {
    const n = Number((await table.get(key, { consistent: true }))?.n ?? 0)
    try {
      await table.transact([
        {
          update: key,
          changes: { set: { n: n + 1 } },
          if: n === 0 ? { absent: 'n' } : { attribute: 'n', is: '=', value: n },
        },
        { put: { pk, sk: stepName(n + 1), by: process.pid }, if: { absent: 'pk' } },
      ])
      done += 1
    } catch (error) {
      if (!(error instanceof ConditionFailed || error instanceof Conflict)) throw error
    }
  }
}

async function receive(store: Store, { waitSeconds }: Task & { kind: 'receive' }): Promise<void> {
  const receiving = store.queues.incoming.receive({ max: 10, visibilitySeconds: 60, waitSeconds })
  report({ kind: 'ready' })
  for (const message of await receiving) {
    report({ kind: 'heard', text: message.body })
    await store.queues.incoming.acknowledge([message.receipt])
  }
}

async function append(store: Store, { account, blob }: Task & { kind: 'append' }): Promise<void> {
  const mailbox = mailboxOn(store)
  await mailbox.append(await mailbox.inbox(account), message(blob))
}

async function run(store: Store, task: Task): Promise<void> {
  switch (task.kind) {
    case 'load':
      return await load(store, task)
    case 'objects':
      return await objects(store, task)
    case 'increment':
      return await increment(store, task)
    case 'send':
      return await store.queues.incoming.send(task.bodies)
    case 'receive':
      return await receive(store, task)
    case 'append':
      return await append(store, task)
    case 'publish':
      return store.signals.publish(task.topic, task.hint)
    case 'subscribe':
      await store.signals.subscribe(task.topic, (text) => report({ kind: 'heard', text }))
      // A subscription alone does not keep a process running.
      setInterval(() => undefined, 60_000)
      return report({ kind: 'ready' })
  }
}

const [directory, task] = process.argv.slice(2)
if (directory !== undefined && task !== undefined) {
  const store = await openEmbeddedStore({ directory })
  const parsed: Task = JSON.parse(task)
  await run(store, parsed)
  if (parsed.kind !== 'subscribe') {
    await store[Symbol.asyncDispose]()
    report({ kind: 'done' })
    if (process.connected) process.disconnect()
  }
}
