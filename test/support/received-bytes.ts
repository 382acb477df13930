// What receipt by SMTP makes of a message's bytes, said line by line: for tests that compare what was sent with what is read.

const dropped = /^(?:bcc|content-length|resent-bcc|return-path)[ \t]*:/i
const isField = /^[!-9;-~]+[ \t]*:/
const isMailboxLine = /^>*From /

export function receivedBytes(bytes: Uint8Array): Buffer {
  const sent = Buffer.from(bytes)
  const lines = sent.toString('latin1').split(/(?<=\r\n)/)
  const out: string[] = []
  let keeps: boolean | undefined
  let at = 0
  for (; at < lines.length; at++) {
    const line = lines[at] ?? ''
    const folded = /^[ \t]/.test(line)
    if (line === '\r\n' || line === '') break
    if (isMailboxLine.test(line) && out.every((one) => one.startsWith('X-Mailbox-Line: '))) {
      out.push(`X-Mailbox-Line: ${line}`)
    } else if (folded && keeps !== undefined) {
      if (keeps) out.push(line)
    } else if (isField.test(line)) {
      keeps = !dropped.test(line)
      if (keeps) out.push(line.replace(/^([!-9;-~]+)[ \t]+:/, '$1:'))
    } else {
      out.push('\r\n')
      break
    }
  }
  return Buffer.from(out.concat(lines.slice(at)).join(''), 'latin1')
}
