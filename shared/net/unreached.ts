// Why a server that mail is to be brought from is not connected to.

import { unreachable } from '#shared/runtime/errors.ts'

export type Unreached = {
  readonly kind:
    | 'no-such-host'
    /** It is only where imports may not go. */
    | 'not-public'
    /** Passwords do not go there without TLS. */
    | 'clear-text'
}

/** Which address it is, is not told: names within our networks are nothing that somebody outside is to look up here. */
export function unreachedText({ kind }: Unreached, host: string): string {
  switch (kind) {
    case 'no-such-host':
      return `there is no host ${host}`
    case 'not-public':
      return `${host} is where imports may not go: at no public address, and in none of importNetworks`
    case 'clear-text':
      return `${host} is in none of importNetworks, and elsewhere passwords do not go without TLS`
    default:
      return unreachable(kind)
  }
}
