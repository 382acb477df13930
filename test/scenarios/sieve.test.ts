// What becomes of a message by the script of its recipient: on a store and the services behind the listeners, every bell rung by hand.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AccountId, Folder } from '#shared/contracts/mailbox.ts'
import { createScriptShelf } from '#shared/sieve/shelf.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import type { Store } from '#shared/storage/ports.ts'
import { must } from '#test/support/must.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const resources = new AsyncDisposableStack()
const clock = manualClock()
let store: Store
let pipeline: Pipeline
let id: AccountId
const left: { from: string; to: readonly string[] }[] = []

beforeAll(async () => {
  const opened = await openEmbedded({ clock })
  resources.defer(() => opened.close())
  store = opened.store
})
afterAll(() => resources.disposeAsync())

let count = 0
beforeEach(async () => {
  left.length = 0
  pipeline = createPipeline(store, clock, {
    deliverRemote: async (message, _route, recipients) => {
      left.push({ from: message.envelope.sender, to: recipients.map(({ address }) => address) })
      return recipients.map(() => ({ kind: 'delivered', reply: '250 ok' }))
    },
  })
  id = (await pipeline.addAccount(`ann${++count}@example.test`)).id
})

async function script(text: string): Promise<void> {
  const limits = { scriptBytesMax: 100_000, scriptsMax: 0, storageBytesMax: 0 }
  const { scripts } = pipeline.backend.directory
  const shelf = createScriptShelf({ scripts, vocabulary, limits })
  expect(await shelf.put(id, 'filter', Buffer.from(text))).toMatchObject({ kind: 'put' })
  expect(await shelf.activate(id, 'filter')).toMatchObject({ kind: 'activated' })
}

async function deliver(subject: string): Promise<void> {
  const message = `From: Bob <bob@remote.test>\r\nTo: ann@example.test\r\nSubject: ${subject}\r\n\r\nHello.\r\n`
  await pipeline.accept(message, [`ann${count}@example.test`])
  await pipeline.settle()
}

/** How many messages there are in a folder, with their flags; undefined where there is no such folder. */
async function folder(path: string): Promise<readonly (readonly string[])[] | undefined> {
  const { mailbox } = pipeline.backend
  const found = await mailbox.folders.find(id, path)
  if (found === undefined) return undefined
  const { messages } = await mailbox.snapshot(found as Folder)
  return messages.map(({ flags }) => flags)
}

describe('a script', () => {
  it('files what it names, with flags, and the rest stays in INBOX', async () => {
    await script(`require ["fileinto", "mailbox", "imap4flags"];
      if header :contains "subject" "work" { fileinto :create :flags "\\\\Flagged $Label1" "Work/New"; }`)
    await deliver('About work')
    await deliver('Other')
    expect(await folder('Work/New')).toEqual([['\\Flagged', '$Label1']])
    expect(await folder('INBOX')).toEqual([[]])
  })

  it('files into INBOX where the folder is not there', async () => {
    await script('require "fileinto"; fileinto "Nowhere";')
    await deliver('x')
    expect(await folder('Nowhere')).toBeUndefined()
    expect(await folder('INBOX')).toEqual([[]])
  })

  it('discards, and the queue is empty', async () => {
    await script('discard;')
    await deliver('x')
    expect(await folder('INBOX')).toEqual([])
  })

  it('sends on, keeps a copy, and the message leaves once', async () => {
    await script('require "copy"; redirect :copy "far@away.test";')
    await deliver('x')
    expect(await folder('INBOX')).toEqual([[]])
    expect(left.map(({ to }) => to)).toEqual([['far@away.test']])
  })

  it('that goes wrong keeps the message', async () => {
    await script('require ["ihave", "fileinto"]; fileinto "X"; error "no";')
    await deliver('x')
    expect(await folder('INBOX')).toEqual([[]])
  })

  it('is asked for nothing once it is active no more', async () => {
    await script('discard;')
    const account = must(await pipeline.backend.directory.accounts.byId(id))
    expect(account.script).toMatchObject({ name: 'filter' })
    const limits = { scriptBytesMax: 100_000, scriptsMax: 0, storageBytesMax: 0 }
    const { scripts } = pipeline.backend.directory
    await createScriptShelf({ scripts, vocabulary, limits }).activate(id, null)
    await deliver('x')
    expect(await folder('INBOX')).toEqual([[]])
  })
})
