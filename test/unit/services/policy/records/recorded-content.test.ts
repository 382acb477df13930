import { expect, it } from 'vitest'
import { createContentStage } from '#services/content/stage.ts'
import { recordContent } from '#services/policy/records/recorded-content.ts'
import type { Decided } from '#services/policy/records/recorder.ts'
import type { StepVerdict } from '#shared/contracts/content.ts'
import { contentFacts, contentMessage, FakeStep } from '#test/support/content.ts'
import { ManualClock } from '#test/support/manual-clock.ts'

async function judged(verdict: StepVerdict | (() => Promise<StepVerdict>)) {
  const noted: Decided[] = []
  const steps = [new FakeStep('first'), new FakeStep('second', verdict)]
  const inner = createContentStage({ steps, clock: new ManualClock() })
  const stage = recordContent(inner, { note: (one) => noted.push(one) })
  const facts = contentFacts()
  const judging = stage.begin(facts).judge(contentMessage('Subject: x\r\n\r\nbody\r\n'))
  await judging.catch(() => {})
  return { noted, facts, steps }
}

const first = { step: 'first', verdict: 'accept', ms: 0 }
const reply = { code: 550, status: '5.7.1', text: 'a virus' } as const

it('keeps what each step said, and what came of it', async () => {
  const { noted, facts } = await judged({ kind: 'reject', reply, found: 'Eicar' })
  const { queueId, origin, envelope } = facts
  expect(noted).toEqual([
    {
      ask: 'content',
      request: { queueId, origin, envelope },
      trail: [],
      content: [first, { step: 'second', verdict: 'reject', found: 'Eicar', ms: 0 }],
      lookups: {},
      verdict: { kind: 'reject', reply, restriction: 'second' },
    },
  ])
})

it('tells in the words of policy what is done with a message', async () => {
  const verdictOf = async (verdict: StepVerdict) => (await judged(verdict)).noted[0]?.verdict
  expect(await verdictOf({ kind: 'discard' })).toEqual({ kind: 'discard', restriction: 'second' })
  expect(await verdictOf({ kind: 'accept', hold: 'why', redirect: 'a@b.test' })).toMatchObject({
    kind: 'permit',
    hold: 'why',
    redirect: 'a@b.test',
  })
})

it('keeps nothing where nobody could judge, and lets a message be abandoned', async () => {
  const { noted } = await judged(() => Promise.reject(new Error('broken')))
  expect(noted).toEqual([])
  const step = new FakeStep('one')
  const inner = createContentStage({ steps: [step], clock: new ManualClock() })
  recordContent(inner, { note: () => {} })
    .begin(contentFacts())
    .abandon()
  expect(step.abandoned).toBe(1)
})
