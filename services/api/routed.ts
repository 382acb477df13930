// A request whose operation was found.

import type { WebCaller } from '#shared/contracts/web.ts'

export type Routed = {
  readonly request: Request
  readonly caller: WebCaller
  readonly params: { readonly [name: string]: string }
}
