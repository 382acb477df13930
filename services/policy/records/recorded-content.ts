// A content stage whose verdicts are kept with the decisions of policy about the same message.

import type { ContentStage, ContentVerdict } from '#shared/contracts/content.ts'
import type { PolicyVerdict } from '#shared/contracts/policy.ts'
import type { DecisionRecorder } from './recorder.ts'

export function recordContent(
  stage: ContentStage,
  recorder: Pick<DecisionRecorder, 'note'>,
): ContentStage {
  return {
    begin(facts) {
      const { queueId, origin } = facts
      const judge = stage.begin(facts)
      return {
        ...judge,
        async judge(message) {
          const judged = await judge.judge(message)
          const { envelope } = message
          recorder.note({
            ask: 'content',
            request: { queueId, origin, envelope },
            trail: [],
            content: judged.trail,
            lookups: {},
            verdict: verdictOf(judged),
          })
          return judged
        },
      }
    },
  }
}

/** In the words of policy; what else it wants, such as Junk, its trail tells. */
function verdictOf(judged: ContentVerdict): PolicyVerdict {
  if (judged.kind === 'reject') {
    return { kind: 'reject', reply: judged.reply, restriction: judged.step }
  }
  if (judged.kind === 'discard') return { kind: 'discard', restriction: judged.step }
  const { hold, redirect, filter, warnings } = judged
  return {
    kind: 'permit',
    prepend: '',
    finalRecipients: 0,
    ...(warnings.length > 0 && { warnings }),
    ...(hold !== undefined && { hold }),
    ...(redirect !== undefined && { redirect }),
    ...(filter !== undefined && { filter }),
  }
}
