// The listeners' Policy on AWS. Recipients, and authors that are not plainly the client itself, are decided by the function
// `policy`, which may read what listeners may not; whatever goes wrong is a temporary failure, which the listener answers with 451.

import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import {
  asksDirectory,
  type DecidingPolicy,
  type Policy,
  type PolicyVerdict,
} from '#shared/contracts/policy.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { decodeVerdict, encodeQuestion, type PolicyQuestion } from './policy-wire.ts'

export function createPolicyClient(
  lambda: LambdaClient,
  functionName: string,
  /** What is decided on the message alone needs no rights and no second invocation. */
  onTheSpot: Pick<DecidingPolicy, 'data' | 'message' | 'isPlain'>,
): Policy {
  async function ask(question: PolicyQuestion): Promise<PolicyVerdict> {
    try {
      const Payload = encodeQuestion(question)
      const command = new InvokeCommand({ FunctionName: functionName, Payload })
      const answer = await lambda.send(command)
      const text = Buffer.from(answer.Payload ?? []).toString()
      if (answer.FunctionError !== undefined) throw new Error(`${answer.FunctionError}: ${text}`)
      return decodeVerdict(JSON.parse(text))
    } catch (error) {
      throw new TemporaryFailure('policy does not answer', { cause: error })
    }
  }
  return {
    early: (request) => ask({ ask: 'early', request }),
    recipient: (request) => ask({ ask: 'recipient', request }),
    data: (request) =>
      onTheSpot.isPlain('data', request.origin.listener)
        ? onTheSpot.data(request)
        : ask({ ask: 'data', request }),
    message: (request) =>
      onTheSpot.isPlain('message', request.origin.listener) && !asksDirectory(request)
        ? onTheSpot.message(request)
        : ask({ ask: 'message', request }),
  }
}
