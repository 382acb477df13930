// A change of flags whose script files and sends on dies at every storage call, before the call's effect and after it, on both drivers. The
// message is never lost: only what was filed and sent is marked \Deleted, and whoever asks again doubles nothing.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assembleOutbox } from '#services/assembly/outbox.ts'
import { assembleScripting } from '#services/assembly/scripting.ts'
import { createScriptShelf } from '#shared/sieve/shelf.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import type { Store } from '#shared/storage/ports.ts'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { type FaultyStore, withFaults } from '#test/support/faults/with-faults.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { startImapServer } from '#test/support/imap-server.ts'
import { must } from '#test/support/must.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const ANN = 'ann@example.test'
const LATER_MS = 20 * 60_000
const script = 'require "fileinto"; fileinto "Archive"; redirect "far@away.test";'

for (const driver of ['embedded', 'AWS'] as const) {
  describe.skipIf(driver === 'AWS' && !(await hasDynamoDb()))(
    `a crash within what a script does in a mailbox, ${driver}`,
    () => {
      let resources: AsyncDisposableStack
      let store: Store
      const clock = manualClock(Date.now())
      /** Subjects of all that left. */
      let left: string[]

      beforeEach(async () => {
        resources = new AsyncDisposableStack()
        const opened = driver === 'embedded' ? await openEmbedded({ clock }) : await openAws()
        resources.defer(() => opened.close())
        store = opened.store
        left = []
      })
      afterEach(() => resources.disposeAsync())

      const pipelineOn = (on: Store) =>
        createPipeline(on, clock, {
          deliverRemote: async (message, _route, recipients) => {
            const object = must(await store.objects.stream(message.object.key))
            const text = Buffer.concat(await Array.fromAsync(object)).toString()
            left.push(must(/^Subject: (.*?)\r$/m.exec(text)?.[1]))
            return recipients.map(() => ({ kind: 'delivered', reply: '250 ok' }))
          },
        })

      it('leaves the message, or has done all of it once', async () => {
        const { backend, addAccount } = pipelineOn(store)
        const { id } = await addAccount(ANN)
        const account = { id, login: ANN, sessionsEpoch: 0 }
        const limits = { scriptBytesMax: 100_000, scriptsMax: 0, storageBytesMax: 0 }
        const { scripts } = backend.directory
        const shelf = createScriptShelf({ scripts, vocabulary, limits })
        expect(await shelf.put(id, 'archive', Buffer.from(script))).toMatchObject({ kind: 'put' })
        const inbox = await backend.mailbox.inbox(id)
        await backend.mailbox.annotations.set(inbox, [], undefined, 'archive')

        const open = async (on: Store) => {
          const own = pipelineOn(on).backend
          const scripting = assembleScripting(own, assembleOutbox(own))
          return await startImapServer({ store: on, account, scripting })
        }
        /** What the client is told, undefined where the server died before. */
        async function flag(on: Store, n: number): Promise<string | undefined> {
          const server = await open(on)
          try {
            const client = await ImapClient.login(server.port, ANN)
            await client.ok('SELECT INBOX')
            const { status } = await client.command(`UID STORE ${n} +FLAGS.SILENT (\\Flagged)`)
            client.close()
            return (on as Partial<FaultyStore>).crashed ? undefined : status
          } catch {
            return undefined
          } finally {
            await server.stop()
          }
        }
        const subjects = async (path: string) => {
          const folder = must(await backend.mailbox.folders.find(id, path))
          const { messages } = await backend.mailbox.snapshot(folder)
          return messages
        }

        const seeder = await open(store)
        let crashes = 0
        let rounds = 0
        for (const effect of ['none', 'done'] as const) {
          for (let call = 1; ; call++) {
            rounds++
            left = []
            const before = (await subjects('Archive')).length
            const text = `From: s@remote.test\r\nSubject: ${rounds}\r\n\r\nx\r\n`
            await seeder.seed(inbox, text)
            const uid = must((await subjects('INBOX')).at(-1)).uid
            const faulty = withFaults(store, { crashPoint: { call, effect } })
            const told = await flag(faulty, uid)
            const { crashed } = faulty
            const { workers, settle } = pipelineOn(store)
            await workers.sweeper.ringDue({ isStart: true })
            for (let round = 0; round < 2; round++) {
              clock.advance(LATER_MS)
              await workers.sweeper.ringDue()
              await settle()
            }

            const where = { effect, call }
            const message = (await subjects('INBOX')).find((one) => one.uid === uid)
            const isDeleted = message?.flags.includes('\\Deleted')
            const filed = (await subjects('Archive')).length - before
            const waiting = await Array.fromAsync(backend.operator.list())
            expect({ ...where, isThere: message !== undefined, waiting: waiting.length }).toEqual({
              ...where,
              isThere: true,
              waiting: 0,
            })
            // In this order: filed, sent, marked; each once at most.
            const [sent, marked] = [left.length, isDeleted ? 1 : 0]
            expect({
              ...where,
              filed,
              sent,
              marked,
              inOrder: filed >= sent && sent >= marked,
            }).toEqual({ ...where, filed, sent, marked, inOrder: true })
            expect(Math.max(filed, sent)).toBeLessThanOrEqual(1)
            if (sent === 1) expect(left).toEqual([String(rounds)])
            if (crashed && driver === 'embedded') {
              // Whoever asks again doubles nothing: what changed is no event any more.
              await flag(store, uid)
              await settle()
              const again = (await subjects('Archive')).length - before
              expect(Math.max(again, left.length)).toBeLessThanOrEqual(1)
            }
            if (!crashed) {
              expect({ told, filed, sent, marked }).toEqual({
                told: 'OK',
                filed: 1,
                sent: 1,
                marked: 1,
              })
              break
            }
            crashes++
          }
        }
        await seeder.stop()
        expect(crashes).toBeGreaterThan(20)
        console.log(`${driver}: ${crashes} crashes`)
      }, 480_000)
    },
  )
}
