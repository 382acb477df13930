// The content stage: asks its steps about a message in their order, each of the message as those before left it, and adds up what they
// want. The first that refuses or discards ends it.
//
// Implementation notes: nothing of the message is held here but its edits. What a step wants is refused as a whole where it breaks a limit
// below, as a failure of that step is: with 451.

import type {
  ContentFacts,
  ContentJudge,
  ContentMessage,
  ContentStage,
  ContentStep,
  ContentStepJudge,
  ContentTrace,
  ContentVerdict,
  StepVerdict,
} from '#shared/contracts/content.ts'
import { edited } from '#shared/mail/header-edits.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { Wants } from './wants.ts'

export function createContentStage(deps: {
  readonly steps: readonly ContentStep[]
  readonly clock: Clock
}): ContentStage {
  const { steps, clock } = deps

  function begin(facts: ContentFacts): ContentJudge {
    const begun: Begun[] = []
    for (const step of steps) {
      const judge = step.begin(facts)
      const { name, isQuiet = false } = step
      if (judge !== undefined) begun.push({ name, isQuiet, judge })
    }
    let isOver = false
    return {
      observers: begun.flatMap(({ judge }) => judge.observers ?? []),
      rawObservers: begun.flatMap(({ judge }) => judge.rawObservers ?? []),
      judge(message) {
        isOver = true
        return judgeInOrder(message, begun)
      },
      abandon() {
        if (isOver) return
        isOver = true
        for (const { judge } of begun) judge.abandon?.()
      },
    }
  }

  async function judgeInOrder(
    message: ContentMessage,
    begun: readonly Begun[],
  ): Promise<ContentVerdict> {
    const wants = new Wants(message.envelope, message.onTop)
    const trail: ContentTrace[] = []
    const left = begun.map(({ judge }) => judge)
    try {
      for (const { name, isQuiet, judge } of begun) {
        const startedMs = clock.now()
        left.shift()
        const verdict = await judge.judge(seenBy(message, wants))
        wants.add(name, verdict)
        const ms = clock.now() - startedMs
        const { found } = verdict
        const word = wordOf(verdict)
        if (!isQuiet || found !== undefined || word !== 'accept') {
          trail.push({ step: name, verdict: word, ms, ...(found !== undefined && { found }) })
        }
        const { warnings } = wants
        if (verdict.kind === 'reject') {
          return { kind: 'reject', reply: verdict.reply, step: name, trail, warnings }
        }
        if (verdict.kind === 'discard') return { kind: 'discard', step: name, trail, warnings }
        if (wants.isForNobody) return { kind: 'discard', step: name, trail, warnings }
      }
    } finally {
      for (const judge of left) judge.abandon?.()
    }
    return wants.verdict(trail)
  }

  return { begin }
}

type Begun = {
  readonly name: string
  readonly isQuiet: boolean
  readonly judge: ContentStepJudge
}

/** The message as it is by now. */
function seenBy(message: ContentMessage, wants: Wants): ContentMessage {
  const { envelope, onTop, rewriting } = wants
  if (rewriting === undefined) return { ...message, envelope, onTop }
  const { edits, body } = rewriting
  return { ...message, envelope, onTop, open: () => edited(message.open(), edits, body?.open()) }
}

/** The weightiest of what it wants, for one word in the trail. */
function wordOf(verdict: StepVerdict): ContentTrace['verdict'] {
  if (verdict.kind !== 'accept') return verdict.kind
  if (verdict.hold !== undefined) return 'hold'
  if (verdict.redirect !== undefined) return 'redirect'
  if (verdict.filter !== undefined) return 'filter'
  return verdict.junk === undefined ? 'accept' : 'junk'
}
