// The listeners' Policy on AWS. Recipients, and authors that are not plainly the client itself, are decided by the function
// `policy`, which may read what listeners may not; whatever goes wrong is a temporary failure, which the listener answers with 451.

import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import {
  asksDirectory,
  type MessageRequest,
  type Policy,
  type PolicyVerdict,
  type RecipientRequest,
} from '#shared/contracts/policy.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'

export function createPolicyClient(
  lambda: LambdaClient,
  functionName: string,
  /** What is decided on the message alone needs no rights and no second invocation. */
  onTheSpot: Pick<Policy, 'message'>,
): Policy {
  async function ask(request: RecipientRequest | MessageRequest): Promise<PolicyVerdict> {
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
  return {
    recipient: ask,
    message: (request) => (asksDirectory(request) ? ask(request) : onTheSpot.message(request)),
  }
}

/** The function is ours and answers with the contract's types; anything else is somebody's mistake and never a yes. */
function verdict(answer: unknown): PolicyVerdict {
  const kind: unknown = Object(answer).kind
  // While a deployment is under way an older function may answer, which counts no final recipients.
  if (kind === 'permit') return Object.assign({ finalRecipients: 1 }, answer as PolicyVerdict)
  if (kind === 'reject') return answer as PolicyVerdict
  throw new Error('the answer is no verdict')
}
