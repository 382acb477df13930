// The function `policy`: asked by the listeners at RCPT (shared/contracts/policy.ts).

import { assemblePolicy } from '#services/assembly/pipeline.ts'
import type { RecipientRequest } from '#shared/contracts/policy.ts'
import { beforeAnswer, openFunction } from './functions.ts'

const opened = await openFunction('policy', process.env)
const policy = assemblePolicy(opened.core)

export async function handler(request: RecipientRequest) {
  try {
    return await policy.recipient(request)
  } finally {
    await beforeAnswer(opened)
  }
}
