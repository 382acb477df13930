import type { Parameters } from '#shared/mail/message-index.ts'
import { joinContinuations } from '#shared/mail/parameter-continuations.ts'
import type { ResponseWriter } from './response-writer.ts'

// body-fld-param = "(" string SP string *(SP string SP string) ")" / nil (RFC 9051 §9)
export function writeParameters(to: ResponseWriter, parameters: Parameters): void {
  if (parameters.length === 0) {
    to.nil()
    return
  }
  let before = '('
  for (const [name, value] of joinContinuations(parameters)) {
    to.raw(before)
    to.string(name)
    to.raw(' ')
    to.string(value)
    before = ' '
  }
  to.raw(')')
}
