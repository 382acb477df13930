// The function `policy`: asked by the listeners at RCPT, and at the end of a message whose authors it must look up
// (shared/contracts/policy.ts).

import { assemblePolicy } from '#services/assembly/policy.ts'
import { beforeAnswer, openFunction } from './functions.ts'
import { answerQuestion } from './policy-wire.ts'

const opened = await openFunction('policy', process.env)
const policy = assemblePolicy(opened.backend)

export async function handler(event: unknown) {
  try {
    return await answerQuestion(policy, event)
  } finally {
    await policy.settle()
    await beforeAnswer(opened)
  }
}
