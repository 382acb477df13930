// A delivery by a script that files, copies, sends on and answers dies at every storage call, before the call's effect and after it, on both
// drivers. In the end each thing is done once: in every folder, to whom it is sent on, and to whom it is answered.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createScriptShelf } from '#shared/sieve/shelf.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import type { Store } from '#shared/storage/ports.ts'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { must } from '#test/support/must.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const ANN = 'ann@example.test'
/** Longer than any lease and any pause before a message is as old as these. */
const LATER_MS = 20 * 60_000

const whole = `require ["fileinto", "copy", "vacation", "fcc", "duplicate", "imap4flags", "enotify"];
if duplicate { discard; stop; }
fileinto :copy :flags "\\\\Seen" "Archive";
redirect :copy "far@away.test";
notify "mailto:pager@away.test";
vacation :fcc "Sent" :subject "Away" "Back on Monday.";`
/** What it remembers is remembered on the spot, too. */
const filing = `require ["fileinto", "duplicate", "imap4flags"];
if duplicate { discard; stop; }
fileinto :flags "\\\\Seen" "Archive";
keep;`
const failing = 'require ["ihave", "copy"]; redirect :copy "far@away.test"; error "no";'

for (const driver of ['embedded', 'AWS'] as const) {
  describe.skipIf(driver === 'AWS' && !(await hasDynamoDb()))(
    `a crash within a delivery by a script, ${driver}`,
    () => {
      let resources: AsyncDisposableStack
      let store: Store
      const clock = manualClock(Date.now())
      /** `address subject` of all that left. */
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
            const chunks = await Array.fromAsync(
              must(await store.objects.stream(message.object.key)),
            )
            const [, subject] = /^Subject: (.*?)\r$/m.exec(Buffer.concat(chunks).toString()) ?? []
            left.push(...recipients.map(({ address }) => `${address} ${subject}`))
            return recipients.map(() => ({ kind: 'delivered', reply: '250 ok' }))
          },
        })

      const scripts = [
        ['that does much does each thing once', whole],
        ['that fails keeps the message once and tells its owner once', failing],
      ] as const
      // The other driver is slow, and the steps are the same.
      it.each(driver === 'AWS' ? scripts.slice(0, 1) : scripts)(
        '%s',
        async (_, text) => {
          const isFailing = text === failing
          const { backend, addAccount } = pipelineOn(store)
          const { id } = await addAccount(ANN)
          const limits = { scriptBytesMax: 100_000, scriptsMax: 0, storageBytesMax: 0 }
          const shelf = createScriptShelf({
            scripts: backend.directory.scripts,
            vocabulary,
            limits,
          })
          expect(await shelf.put(id, 'filter', Buffer.from(text))).toMatchObject({ kind: 'put' })
          await shelf.activate(id, 'filter')
          await backend.mailbox.folders.create(id, 'Archive')

          const countIn = async (path: string): Promise<number> => {
            const folder = must(await backend.mailbox.folders.find(id, path))
            return (await backend.mailbox.snapshot(folder)).messages.length
          }

          let crashes = 0
          let rounds = 0
          for (const effect of ['none', 'done'] as const) {
            for (let call = 1; ; call++) {
              rounds++
              left = []
              // The owner of one that fails is told once a day.
              clock.advance(86_400_000)
              const sender = `s${rounds}@remote.test`
              const queueId = await pipelineOn(store).accept(
                `Message-ID: <${rounds}@remote.test>\r\nTo: ${ANN}\r\nSubject: ${rounds}\r\n\r\nx\r\n`,
                [ANN],
                { envelope: { sender } },
              )
              await pipelineOn(store).workers.cleanup.handle([
                { id: 'b', body: queueId, receipt: 'r', receives: 1 },
              ])
              const [group] = await backend.queue.loadGroups(queueId)
              const bell = `${queueId} ${must(group).name}`
              const faulty = withFaults(store, { crashPoint: { call, effect } })
              await pipelineOn(faulty)
                .workers.delivery.handle([{ id: 'b', body: bell, receipt: 'r', receives: 1 }])
                .catch(() => undefined)
              const { crashed } = faulty
              await recover(pipelineOn(store))

              const where = { effect, call }
              const waiting = await Array.fromAsync(backend.operator.list())
              const found = {
                ...where,
                waiting: waiting.length,
                inbox: await countIn('INBOX'),
                archive: await countIn('Archive'),
                sent: isFailing ? 0 : await countIn('Sent'),
                left: left.toSorted(),
              }
              expect(found).toEqual({
                ...where,
                waiting: 0,
                inbox: isFailing ? 2 * rounds : rounds,
                archive: isFailing ? 0 : rounds,
                sent: isFailing ? 0 : rounds,
                left: isFailing
                  ? []
                  : [`far@away.test ${rounds}`, `pager@away.test ${rounds}`, `${sender} Away`],
              })
              if (!crashed) break
              crashes++
            }
          }
          expect(crashes).toBeGreaterThan(isFailing ? 10 : 20)
          console.log(`${driver}: ${crashes} crashes`)
        },
        480_000,
      )

      it('that only files does so once, on the spot', async () => {
        const { backend, addAccount } = pipelineOn(store)
        const { id } = await addAccount(ANN)
        const limits = { scriptBytesMax: 100_000, scriptsMax: 0, storageBytesMax: 0 }
        const shelf = createScriptShelf({ scripts: backend.directory.scripts, vocabulary, limits })
        await shelf.put(id, 'filter', Buffer.from(filing))
        await shelf.activate(id, 'filter')
        await backend.mailbox.folders.create(id, 'Archive')
        const countIn = async (path: string): Promise<number> => {
          const folder = must(await backend.mailbox.folders.find(id, path))
          return (await backend.mailbox.snapshot(folder)).messages.length
        }

        let crashes = 0
        let rounds = 0
        for (const effect of ['none', 'done'] as const) {
          for (let call = 1; ; call++) {
            rounds++
            const queueId = await pipelineOn(store).accept(
              `Message-ID: <spot${rounds}@remote.test>\r\n\r\nx\r\n`,
              [ANN],
            )
            const faulty = withFaults(store, { crashPoint: { call, effect } })
            const bell = { id: 'b', body: queueId, receipt: 'r', receives: 1 }
            await pipelineOn(faulty)
              .workers.cleanup.handle([bell])
              .then(({ underWay }) => underWay)
              .catch(() => undefined)
            const { crashed } = faulty
            // Without one there was no group, and nothing is left.
            if (!crashed) expect(await backend.operator.show(queueId)).toBeUndefined()
            await recover(pipelineOn(store))
            const waiting = await Array.fromAsync(backend.operator.list())
            expect({
              effect,
              call,
              waiting: waiting.length,
              inbox: await countIn('INBOX'),
              archive: await countIn('Archive'),
            }).toEqual({ effect, call, waiting: 0, inbox: rounds, archive: rounds })
            if (!crashed) break
            crashes++
          }
        }
        expect(crashes).toBeGreaterThan(8)
        console.log(`${driver}, on the spot: ${crashes} crashes`)
      }, 480_000)

      /** A new process on the same data. */
      async function recover({ workers, settle }: Pipeline): Promise<void> {
        await workers.sweeper.ringDue({ isStart: true })
        for (let round = 0; round < 3; round++) {
          clock.advance(LATER_MS)
          await workers.sweeper.ringDue()
          await settle()
        }
      }
    },
  )
}
