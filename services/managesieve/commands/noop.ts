import { anyState } from '../command.ts'
import { replies } from '../replies.ts'

/** NOOP. RFC 5804 §2.13: the tag comes back, so that a client finds its place again. */
export const noop = anyState({
  parse: (args) => (args.takesSpace() ? args.string() : undefined),
  run: (_, tag) => (tag === undefined ? replies.noop : replies.tag(tag)),
})
