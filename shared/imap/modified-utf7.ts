// Modified UTF-7 of mailbox names: RFC 3501 §5.1.3. Printable ASCII stands for itself except `&`, which is `&-`; everything
// else is UTF-16 in base64 with `,` for `/`, without padding, between `&` and `-`.

const printableAscii = /^[\x20-\x7e]*$/
const toEncode = /&|[^\x20-\x7e]+/g

export function encodeModifiedUtf7(text: string): string {
  return text.replace(toEncode, (run) => (run === '&' ? '&-' : `&${encodeRun(run)}-`))
}

/**
 * The text, or undefined when this is no modified UTF-7. RFC 3501 leaves one spelling for each name (printable ASCII is never
 * shifted, runs are never split); another spelling is refused, or one mailbox would have two names. Linear in its input.
 */
export function decodeModifiedUtf7(encoded: string): string | undefined {
  if (!printableAscii.test(encoded)) return undefined
  let text = ''
  let at = 0
  for (let open = encoded.indexOf('&'); open >= 0; open = encoded.indexOf('&', at)) {
    const close = encoded.indexOf('-', open)
    if (close < 0) return undefined
    const run = encoded.slice(open + 1, close)
    text += encoded.slice(at, open) + (run === '' ? '&' : decodeRun(run))
    at = close + 1
  }
  if (at === 0) return encoded
  text += encoded.slice(at)
  if (!text.isWellFormed()) return undefined
  return encodeModifiedUtf7(text) === encoded ? text : undefined
}

function encodeRun(run: string): string {
  const bytes = Buffer.from(run, 'utf16le').swap16()
  return bytes.toString('base64').replaceAll('=', '').replaceAll('/', ',')
}

/** Whatever comes of a malformed run does not encode to the same run again. */
function decodeRun(run: string): string {
  const bytes = Buffer.from(run.replaceAll(',', '/'), 'base64')
  const whole = bytes.subarray(0, bytes.length & ~1)
  return whole.swap16().toString('utf16le')
}
