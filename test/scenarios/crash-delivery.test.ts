// A delivery to another host dies at every single storage call between its claim and its result, before the call's effect and after it, on
// both drivers. Nothing is lost. It is repeated only where the other host had said 250 and that was not written down yet; how often that
// was is printed.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import { parseBell } from '#shared/queue/bells.ts'
import type { Store } from '#shared/storage/ports.ts'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import type { AnswerRemote } from '#test/support/remote-delivery.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const TO = 'x@one.test'
const SENDER = 'ann@example.test'
/** Longer than any lease and any pause before a message is as old as these. */
const LATER_MS = 20 * 60_000

const later = { kind: 'deferred', status: '4.2.0', reply: '450 4.2.0 greylisted' } as const
const taken = { kind: 'delivered', reply: '250 ok' } as const
const refused = { kind: 'failed', status: '5.1.1', reply: '550 5.1.1 nobody' } as const

const modes: readonly {
  readonly name: string
  readonly answers: readonly DeliveryResult[]
  /** What the process does that dies. */
  readonly work: (pipeline: Pipeline, bell: string) => Promise<unknown>
}[] = [
  { name: 'that is taken', answers: [taken], work: deliver },
  { name: 'that is deferred', answers: [later, taken], work: deliver },
  { name: 'that is refused', answers: [refused], work: deliver },
  { name: 'that is put off without an attempt', answers: [taken], work: suspend },
]

async function deliver({ workers }: Pipeline, bell: string): Promise<void> {
  await workers.delivery.handle([{ id: 'b', body: bell, receipt: 'r', receives: 1 }])
}

async function suspend({ workers, backend }: Pipeline, bell: string): Promise<void> {
  const parsed = parseBell(bell)
  const [seen] = parsed ? await backend.queue.peek([parsed]) : []
  if (seen) await workers.delivery.suspend(seen, 'refused')
}

for (const driver of ['embedded', 'AWS'] as const) {
  describe.skipIf(driver === 'AWS' && !(await hasDynamoDb()))(
    `a crash within a delivery, ${driver}`,
    () => {
      let resources: AsyncDisposableStack
      let store: Store
      const clock = manualClock(Date.now())

      beforeEach(async () => {
        resources = new AsyncDisposableStack()
        const opened = driver === 'embedded' ? await openEmbedded({ clock }) : await openAws()
        resources.defer(() => opened.close())
        store = opened.store
        await createPipeline(store, clock).addAccount(SENDER)
      })
      afterEach(() => resources.disposeAsync())

      it.each(modes)(
        'of mail $name loses nothing',
        async ({ answers, work }) => {
          let attempts = 0
          let isDead = () => false
          const deliverRemote: AnswerRemote = async (_message, _hop, to) => {
            const answer = answers[Math.min(attempts++, answers.length - 1)] ?? taken
            return isDead() ? [] : to.map(() => answer)
          }
          const pipelineOn = (on: Store) =>
            createPipeline(on, clock, { deliverRemote, tellsSenders: true })
          let crashes = 0
          let repeated = 0
          let returned = 0
          for (const effect of ['none', 'done'] as const) {
            for (let call = 1; ; call++) {
              attempts = 0
              const queueId = await pipelineOn(store).accept(
                `Subject: ${call}\r\n\r\nx\r\n`,
                [TO],
                {
                  envelope: { sender: SENDER },
                },
              )
              await pipelineOn(store).workers.cleanup.handle([
                { id: 'b', body: queueId, receipt: 'r', receives: 1 },
              ])
              const faulty = withFaults(store, { crashPoint: { call, effect } })
              isDead = () => faulty.crashed
              await work(pipelineOn(faulty), `${queueId} one.test/0`).catch(() => undefined)
              const { crashed } = faulty
              const inLife = attempts
              isDead = () => false
              await recover(pipelineOn(store))

              const where = { effect, call }
              const left = await Array.fromAsync(pipelineOn(store).backend.operator.list())
              expect({ ...where, left }).toEqual({ ...where, left: [] })
              const needed = answers.length
              expect({ ...where, enough: attempts >= needed }).toEqual({ ...where, enough: true })
              // Only what was tried in the life that ended may be tried once more.
              const again = attempts - needed
              expect({ ...where, again: again === 0 || (again === 1 && inLife === 1) }).toEqual({
                ...where,
                again: true,
              })
              if (!crashed) expect({ ...where, again }).toEqual({ ...where, again: 0 })
              repeated += again
              if (answers.includes(refused)) {
                // Each is told of once.
                const inbox = await pipelineOn(store).inbox(SENDER)
                expect({ ...where, told: inbox.length }).toEqual({ ...where, told: ++returned })
              }
              if (!crashed) break
              crashes++
            }
          }
          expect(crashes).toBeGreaterThan(5)
          console.log(
            `${driver}, mail ${answers.map(({ kind }) => kind).join(', ')}: ${crashes} crashes, ${repeated} repeated`,
          )
        },
        240_000,
      )

      /** A new process on the same data. */
      async function recover({ workers, settle }: Pipeline): Promise<void> {
        await workers.sweeper.ringDue({ isStart: true })
        for (let round = 0; round < 4; round++) {
          clock.advance(LATER_MS)
          await workers.sweeper.ringDue()
          await settle()
        }
      }
    },
  )
}
