// Lambda's Invoke: the function runs elsewhere, here is only its wire format.

import type { ServerResponse } from 'node:http'
import { errorAnswer } from './access-denied.ts'
import { invokedFunctionName } from './requests/lambda.ts'
import type { WireRequest } from './wire-request.ts'

export type InvokeFunction = (
  name: string,
  payload: Uint8Array,
) => Promise<{ readonly payload: Uint8Array; readonly error?: string }>

/** Of an allowed request. `error` becomes `FunctionError`; a rejection is a failure of the service. */
export async function answerInvocation(
  wire: WireRequest,
  payload: Uint8Array | undefined,
  response: ServerResponse,
  invoke: InvokeFunction,
): Promise<void> {
  const running = invoke(invokedFunctionName(wire), payload ?? new Uint8Array())
  if (wire.headers['x-amz-invocation-type'] === 'Event') {
    running.catch(() => undefined) // nobody waits for the result
    response.writeHead(202).end()
    return
  }
  try {
    const result = await running
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': String(result.payload.length),
      'x-amz-executed-version': '$LATEST',
      ...(result.error !== undefined && { 'x-amz-function-error': result.error }),
    })
    response.end(result.payload)
  } catch (error) {
    const answer = errorAnswer('lambda', { status: 500, code: 'Service', message: String(error) })
    response.writeHead(answer.status, answer.headers).end(answer.body)
  }
}
