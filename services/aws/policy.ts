// The function `policy`: asked by the listeners at RCPT and at the end of a message (shared/contracts/policy.ts).

import { assemblePolicy } from '#services/assembly/pipeline.ts'
import { beforeAnswer, openFunction } from './functions.ts'
import type { PolicyQuestion } from './policy-client.ts'

const opened = await openFunction('policy', process.env)
const policy = assemblePolicy(opened.core)

export async function handler(question: PolicyQuestion) {
  try {
    switch (question.stage) {
      case 'recipient':
        return await policy.recipient(question.request)
      case 'message':
        return await policy.message(question.request)
    }
  } finally {
    await beforeAnswer(opened)
  }
}
