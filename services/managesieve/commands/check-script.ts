import { afterLogin } from '../command.ts'
import { findingsText, withWarnings } from '../findings.ts'
import { replies } from '../replies.ts'

/** CHECKSCRIPT. RFC 5804 §2.12: as PUTSCRIPT would look at it, and without a look at the quota. */
export const checkScript = afterLogin({
  parse(args) {
    args.space()
    return args.octets()
  },
  run({ shelf }, text) {
    const checked = shelf.check(text)
    return checked.kind === 'checked'
      ? withWarnings(checked.warnings)
      : replies.scriptRefused(findingsText(checked.findings))
  },
})
