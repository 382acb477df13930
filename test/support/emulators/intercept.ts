// Stands between the SDK and the network: sees each attempt of a request (inside the SDK's retries) and may let it pass,
// answer in its place or fail it, before or after it was carried out.

import type { AwsClients } from '#shared/storage/aws/clients.ts'

export type Attempt = {
  /** As in `PutItemCommand`. */
  readonly command: string
  readonly input: Readonly<Record<string, unknown>>
  /** Sends the request and resolves to the SDK's output. */
  pass(): Promise<object>
}

/** Resolves to the output to answer with. */
export type Interceptor = (attempt: Attempt) => Promise<object>

type Arguments = { readonly input: Readonly<Record<string, unknown>> }
type Result = { readonly response: unknown; readonly output: object }
type Next = (args: Arguments) => Promise<Result>

export function intercept(clients: AwsClients, interceptor: Interceptor): void {
  const middleware = (next: Next, context: { readonly commandName?: string }) => {
    return async (args: Arguments): Promise<Result> => {
      let response: unknown
      const output = await interceptor({
        command: context.commandName ?? '',
        input: args.input,
        async pass() {
          const result = await next(args)
          response = result.response
          return result.output
        },
      })
      return { response, output: { $metadata: {}, ...output } }
    }
  }
  const place = { step: 'finalizeRequest', priority: 'low', name: 'intercept' }
  for (const { middlewareStack } of [
    clients.dynamo,
    clients.dynamoExact,
    clients.s3,
    clients.sqs,
  ]) {
    // Each client's stack has a type of its own; what is common to them has none.
    Reflect.apply(middlewareStack.add, middlewareStack, [middleware, place])
  }
}

/** An error as the SDK makes it from an error answer of the service. */
export function serviceError(name: string, httpStatusCode: number, fields: object = {}): Error {
  return Object.assign(new Error(name), { name, $metadata: { httpStatusCode }, ...fields })
}
