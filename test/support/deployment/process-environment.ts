// What processes are given beside the variables of the templates: what AWS sets itself, and where AWS is.

import type { LambdaFunction, Role } from './inventory.ts'
import { localPlace } from './place.ts'

/** As whom a request is signed; nothing checks the rest of a signature. */
export type Signer = { readonly accessKeyId: string }

export function environmentOf(
  { accessKeyId }: Signer,
  endpoint: string,
): Readonly<Record<string, string>> {
  return {
    AWS_REGION: localPlace.region,
    AWS_DEFAULT_REGION: localPlace.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
    AWS_ENDPOINT_URL: endpoint,
  }
}

/** What Lambda sets itself, beside what the template sets. */
export function lambdaEnvironment(
  definition: LambdaFunction,
  role: Role,
  endpoint: string,
): Readonly<Record<string, string>> {
  return {
    ...definition.environment,
    ...environmentOf(role, endpoint),
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    LAMBDA_TASK_ROOT: definition.folder,
    _HANDLER: definition.handler,
    TZ: 'UTC',
    LANG: 'en_US.UTF-8',
  }
}

/** Of an SDK client in this process. */
export function clientOptions({ accessKeyId }: Signer, endpoint: string) {
  const credentials = { accessKeyId, secretAccessKey: 'secret' }
  return { region: localPlace.region, endpoint, credentials }
}
