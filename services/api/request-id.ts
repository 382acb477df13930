// A request's id: in the answer, in problems, in the log and in the audit record. It is ours; what a client claims as one is not looked at.

import { takeRandomBytes } from '#shared/runtime/random-bytes.ts'

const ids = new WeakMap<Request, string>()
const ID_BYTES = 9

export function requestIdOf(request: Request): string {
  const known = ids.get(request)
  if (known !== undefined) return known
  const made = `r_${Buffer.from(takeRandomBytes(ID_BYTES)).toString('base64url')}`
  ids.set(request, made)
  return made
}
