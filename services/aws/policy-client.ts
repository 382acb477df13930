// The listeners' PolicyClient on AWS. Recipients are decided by the function `policy`, which may read what listeners may not;
// whatever goes wrong is a temporary failure, which the listener answers with 451.

import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import type { PolicyClient, RecipientRequest, Verdict } from '#shared/contracts/policy.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'

export function createPolicyClient(
  lambda: LambdaClient,
  functionName: string,
  /** What is decided on the message alone needs no rights and no second invocation. */
  onTheSpot: Pick<PolicyClient, 'message'>,
): PolicyClient {
  async function recipient(request: RecipientRequest): Promise<Verdict> {
    try {
      const Payload = Buffer.from(JSON.stringify(request))
      const command = new InvokeCommand({ FunctionName: functionName, Payload })
      const answer = await lambda.send(command)
      const text = Buffer.from(answer.Payload ?? []).toString()
      if (answer.FunctionError !== undefined) throw new Error(`${answer.FunctionError}: ${text}`)
      return verdict(JSON.parse(text))
    } catch (error) {
      throw new TemporaryFailure('policy does not answer', { cause: error })
    }
  }
  return { recipient, message: (request) => onTheSpot.message(request) }
}

/** The function is ours and answers with the contract's types; anything else is somebody's mistake and never a yes. */
function verdict(answer: unknown): Verdict {
  const kind: unknown = Object(answer).kind
  if (kind === 'permit' || kind === 'reject') return answer as Verdict
  throw new Error('the answer is no verdict')
}
