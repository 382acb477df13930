// The listeners' PolicyClient on AWS: asks the function `policy`. Whatever goes wrong is a temporary failure, which the listener
// answers with 451.

import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import type {
  MessageRequest,
  PolicyClient,
  RecipientRequest,
  Verdict,
} from '#shared/contracts/policy.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'

/** What travels to the function. */
export type PolicyQuestion =
  | { readonly stage: 'recipient'; readonly request: RecipientRequest }
  | { readonly stage: 'message'; readonly request: MessageRequest }

export function createPolicyClient(lambda: LambdaClient, functionName: string): PolicyClient {
  async function ask(question: PolicyQuestion): Promise<Verdict> {
    try {
      const Payload = Buffer.from(JSON.stringify(question))
      const command = new InvokeCommand({ FunctionName: functionName, Payload })
      const answer = await lambda.send(command)
      const text = Buffer.from(answer.Payload ?? []).toString()
      if (answer.FunctionError !== undefined) throw new Error(`${answer.FunctionError}: ${text}`)
      return verdict(JSON.parse(text))
    } catch (error) {
      throw new TemporaryFailure('policy does not answer', { cause: error })
    }
  }
  return {
    recipient: (request) => ask({ stage: 'recipient', request }),
    message: (request) => ask({ stage: 'message', request }),
  }
}

/** The function is ours and answers with the contract's types; anything else is somebody's mistake and never a yes. */
function verdict(answer: unknown): Verdict {
  const kind: unknown = Object(answer).kind
  if (kind === 'permit' || kind === 'reject') return answer as Verdict
  throw new Error('the answer is no verdict')
}
