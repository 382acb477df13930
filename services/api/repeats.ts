// Requests that are sent again (Idempotency-Key): the same answer, and nothing done twice.

import type { Actor } from '#shared/administration/rights/actor.ts'
import type { ApiDeps } from './deps.ts'
import type { AnyInput, Operation } from './operation.ts'

export async function repeatable(
  _deps: ApiDeps,
  _repeat: {
    readonly operation: Operation
    readonly request: Request
    readonly actor: Actor | null
    readonly input: AnyInput
    readonly requestId: string
  },
  respond: () => Promise<Response>,
): Promise<Response> {
  return await respond()
}
