// What a login at an old server is, whatever protocol it speaks.

import type { SourceEndpoint } from './endpoint.ts'
import type { SourceWire } from './source-wire.ts'

export type SourceCredentials = {
  readonly name: string
  readonly password: Uint8Array
  /** For a server that trusts us: who comes through us. */
  readonly remoteAddress: string
  /** Of this host, for EHLO. */
  readonly ourName: string
}

/** `words`: see Passage. */
export type SourceAnswer =
  | { readonly kind: 'in'; readonly words: string }
  /** Name or password is wrong, as the server says. */
  | { readonly kind: 'refused' }

/** Talks with the server from its greeting to its answer. Rejects with SourceFailure when it did not judge the login. */
export type LogInAtSource = (
  wire: SourceWire,
  endpoint: SourceEndpoint,
  credentials: SourceCredentials,
) => Promise<SourceAnswer>

export const refusedAtSource: SourceAnswer = { kind: 'refused' }

/** RFC 4616, in base64. */
export const plainResponse = ({ name, password }: SourceCredentials): string =>
  Buffer.concat([Buffer.from(`\0${name}\0`, 'utf8'), password]).toString('base64')
