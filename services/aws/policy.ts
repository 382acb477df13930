// The function `policy`: asked by the listeners at RCPT, and at the end of a message whose authors it must look up
// (shared/contracts/policy.ts).

import { assemblePolicy } from '#services/assembly/pipeline.ts'
import type { MessageRequest, RecipientRequest } from '#shared/contracts/policy.ts'
import { beforeAnswer, openFunction } from './functions.ts'

const opened = await openFunction('policy', process.env)
const policy = assemblePolicy(opened.core)

export async function handler(request: RecipientRequest | MessageRequest) {
  try {
    return 'recipient' in request ? await policy.recipient(request) : await policy.message(request)
  } finally {
    await beforeAnswer(opened)
  }
}
